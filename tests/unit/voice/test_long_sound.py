"""Hours of speech are heard and judged in pieces.

The weights of the d-vector are quantised by what is in a batch, so blocks move it a little.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.errors import SpeechError
from mythmeter.media.audio import read_wav
from mythmeter.media.long_sound import LongSound
from mythmeter.voice.activity import SpeechOnly, sounding_frames, without_pauses
from mythmeter.voice.embeddings import dvector
from mythmeter.voice.embeddings.encoder import RATE_HZ, load_encoder, similarity
from mythmeter.voice.transcribe import PIECE_S, pieces
from mythmeter.voice.wording import edits, word_errors


@pytest.fixture
def pausing() -> NDArray[np.float32]:
    """100 s in which a second of noise follows half a second of silence."""
    noise = np.random.default_rng(9).standard_normal(100 * RATE_HZ).astype(np.float32) * 0.1
    noise[(np.arange(len(noise)) % 24_000) < 8_000] = 0
    return noise


def test_speech_is_read_in_parts_without_its_pauses(pausing: NDArray[np.float32]) -> None:
    stored = LongSound.empty()
    stored.append(pausing)
    assert np.array_equal(sounding_frames(stored, RATE_HZ), sounding_frames(pausing, RATE_HZ))
    whole = without_pauses(pausing, RATE_HZ)
    speech = SpeechOnly(stored, RATE_HZ)
    assert len(speech) == len(whole) < len(pausing)
    for start, stop in ((0, 10), (12_345, 40_001), (len(whole) - 7, len(whole) + 99), (5, 5)):
        assert np.array_equal(speech.part(start, stop), whole[start:stop])
    with pytest.raises(SpeechError, match="nothing but silence"):
        SpeechOnly(LongSound.empty(), RATE_HZ)


def test_a_long_sound_is_cut_where_it_is_quiet(pausing: NDArray[np.float32]) -> None:
    sound = np.tile(pausing, 4)
    cuts = pieces(sound)
    assert cuts[0][0] == 0
    assert cuts[-1][1] == len(sound)
    assert all(stop == start for (_, stop), (start, _) in pairwise(cuts))
    assert all(stop - start <= PIECE_S * RATE_HZ for start, stop in cuts)
    for _, stop in cuts[:-1]:
        assert not sound[stop - 320 : stop + 320].any()
    assert pieces(pausing) == [(0, len(pausing))]
    assert pieces(pausing[:0]) == [(0, 0)]


def test_words_are_counted_wrong_as_the_fewest_edits_say() -> None:
    random = np.random.default_rng(10)
    for _ in range(60):
        wanted, heard = (
            [f"word{n}" for n in random.integers(0, 6, random.integers(0, 14))] for _ in range(2)
        )
        steps = edits(wanted, heard)
        assert word_errors(wanted, heard) == sum(edit.kind != "same" for edit in steps)
    many = [f"word{n}" for n in random.integers(0, 900, 5000)]
    assert word_errors(many, many[:4000] + ["other"] + many[4003:]) == 3


def test_a_voice_is_the_same_point_from_blocks(
    media: Path, models: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder("dvector", models("dvector"))
    samples = np.concatenate(
        [read_wav(media / f"LJ001-000{n}.wav")[0].astype(np.float32) for n in (1, 2, 3)]
    )
    whole = encoder.embed(samples)
    stored = LongSound.empty()
    stored.append(samples)
    assert np.array_equal(encoder.embed(stored), whole)
    monkeypatch.setattr(dvector, "BLOCK_WINDOWS", 5)
    assert similarity(encoder.embed(stored), whole) == pytest.approx(1, abs=1e-3)
