"""A script is fitted to its length, its loudness and its watermark; other takes sound otherwise."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mythmeter.errors import MediaError, SpeechError
from mythmeter.media.loudness import level_loudness, measure_loudness
from mythmeter.voice.equaliser import BINS
from mythmeter.voice.master import BLOCK_S, Store, lay_out, timed
from mythmeter.voice.pace import LONGEST_PAUSE_S, SHORTEST_PAUSE_S, Pace, fit_pace
from mythmeter.voice.sentences import split_sentences
from mythmeter.voice.speech import Sentence, Speech
from mythmeter.voice.synthesiser import Request
from mythmeter.voice.voices.kokoro import Kokoro
from mythmeter.voice.voices.kokoro_voice import STYLE_ROW, KokoroSynthesiser, kokoro_voice

RATE_HZ = 24000
PLAIN = Pace(speed=1.0, pause_s=0.25, tail_s=0.4)


def fit(duration_s: float, pace: Pace = PLAIN, spoken_s: float = 10.0, gaps: int = 4) -> Pace:
    return fit_pace(
        pace,
        spoken_s,
        gaps,
        30,
        lead_s=0.3,
        tail_s=0.4,
        duration_s=duration_s,
        speed_limits=(0.8, 1.25),
    )


@pytest.mark.parametrize("duration_s", [11.1, 11.7, 13.0, 14.2])
def test_pauses_alone_fit_a_length_where_they_can(duration_s: float) -> None:
    pace = fit(duration_s)
    assert pace.speed == 1.0
    assert SHORTEST_PAUSE_S <= pace.pause_s <= LONGEST_PAUSE_S
    assert 0.3 + 10.0 + 4 * pace.pause_s + pace.tail_s == pytest.approx(duration_s)


@pytest.mark.parametrize(("duration_s", "faster"), [(10.0, True), (15.5, False)])
def test_then_the_speed_gives_and_the_next_fit_needs_only_pauses(
    duration_s: float, faster: bool
) -> None:
    pace = fit(duration_s)
    assert (pace.speed > 1) == faster and 0.8 <= pace.speed <= 1.25
    again = fit(duration_s, pace, spoken_s=10.0 / pace.speed * 1.01)
    assert again.speed == pace.speed
    assert 0.7 + 10.1 / pace.speed + 4 * again.pause_s == pytest.approx(duration_s)


def test_a_single_sentence_is_fitted_by_speed_and_a_little_tail() -> None:
    pace = fit(10.0, gaps=0)
    assert pace.speed > 1
    again = fit(10.0, pace, spoken_s=10.0 / pace.speed, gaps=0)
    assert again.speed == pace.speed and 0.4 <= again.tail_s <= 0.7


@pytest.mark.parametrize(
    ("duration_s", "advice"),
    [(6.0, r"lasts 9\.2 s. Cut about 12 words"), (30.0, r"lasts 16\.2 s. Add about 33 words")],
)
def test_what_does_not_fit_says_how_many_words(duration_s: float, advice: str) -> None:
    with pytest.raises(SpeechError, match=advice):
        fit(duration_s)


def test_sentences_lie_where_the_pace_puts_them_and_blocks_are_cut_in_silence(
    tmp_path: Path,
) -> None:
    lengths_s = [5.0, 6.0, 4.0, 9.0, 1.0]
    with (tmp_path / "store").open("w+b") as file:
        store = Store(file)
        for number, length_s in enumerate(lengths_s, 1):
            sound = np.full(round(length_s * RATE_HZ), number, dtype=np.float32)
            store.add(Speech(sound, RATE_HZ, (Sentence(str(number), 0.1, length_s, ()),)))
        assert [sound[-1] for sound in store.sounds()] == [1, 2, 3, 4, 5]
        layout = lay_out(store.lengths(), PLAIN, 0.3, RATE_HZ)
        times_s = [sentence.start_s for sentence in timed(store.sentences, layout, RATE_HZ)]
    assert times_s == pytest.approx([0.4, 5.65, 11.9, 16.15, 25.4])
    assert layout.length == round(26.7 * RATE_HZ)
    assert len(layout.cuts) == 2 and layout.cuts[1] >= BLOCK_S * RATE_HZ
    for cut in layout.cuts[1:]:
        assert not any(
            start <= cut < start + round(length_s * RATE_HZ)
            for start, length_s in zip(layout.starts, lengths_s, strict=True)
        )


def test_a_short_script_gets_room_for_its_watermark() -> None:
    layout = lay_out([RATE_HZ // 2], PLAIN, 0.3, RATE_HZ)
    assert layout.length == round(2.1 * RATE_HZ) and layout.cuts == (0,)


def test_loudness_is_met_although_peaks_are_held(tmp_path: Path) -> None:
    sine = np.sin(2 * np.pi * 997 / RATE_HZ * np.arange(3 * RATE_HZ))
    soundfile.write(tmp_path / "sine.wav", sine, RATE_HZ, subtype="FLOAT")
    assert measure_loudness(tmp_path / "sine.wav").integrated_lufs == pytest.approx(-3, abs=0.11)
    random = np.random.default_rng(1)
    bursts = random.standard_normal(6 * RATE_HZ) * 0.02 * (np.arange(6 * RATE_HZ) % 9000 < 6000)
    bursts[::9000] = 0.9
    soundfile.write(tmp_path / "bursts.wav", bursts, RATE_HZ, subtype="FLOAT")
    level_loudness(tmp_path / "bursts.wav", tmp_path / "level.wav", -16.0)
    levelled, _ = soundfile.read(tmp_path / "level.wav")
    assert len(levelled) == len(bursts)
    assert np.abs(levelled).max() < 0.8
    assert measure_loudness(tmp_path / "level.wav").integrated_lufs == pytest.approx(-16, abs=0.2)
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE_HZ), RATE_HZ)
    with pytest.raises(MediaError, match="is silent"):
        level_loudness(tmp_path / "silence.wav", tmp_path / "none.wav", -16.0)
    assert not (tmp_path / "none.wav").exists()


def test_another_take_sounds_otherwise_and_the_same_take_the_same(kokoro: Kokoro) -> None:
    speaker = KokoroSynthesiser.__new__(KokoroSynthesiser)
    speaker.kokoro = kokoro
    flat = np.zeros(BINS, dtype=np.float32)
    voice = kokoro_voice(kokoro.style("af_heart")[STYLE_ROW], 1.0, flat)
    requests = [Request("Once more.", "en", seed=1, take=take) for take in (0, 1, 1, 2)]
    plain, one, same, two = (speech.samples for speech in speaker.takes(voice, requests))
    assert np.array_equal(one, same)
    assert len({len(plain), len(one), len(two)}) > 1
    for other in (one, two):
        size = min(len(plain), len(other))
        assert np.abs(plain[:size] - other[:size]).max() > 0.01


def test_an_abbreviation_before_a_number_does_not_end_a_sentence() -> None:
    assert split_sentences("She was approx. 70 years old. He was not.") == [
        "She was approx. 70 years old.",
        "He was not.",
    ]
