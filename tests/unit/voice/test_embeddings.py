"""Speaker encoders tell one voice from another, and a gradient passes where it must."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mythmeter.errors import ConfigError, ModelError, SpeechError
from mythmeter.media.audio import resample
from mythmeter.voice.embeddings.encoder import load_encoder, similarity
from mythmeter.voice.embeddings.mel import mel_filters
from mythmeter.voice.speech import Speech
from mythmeter.voice.voices.kokoro import Kokoro


@pytest.fixture(scope="session")
def other(kokoro: Kokoro) -> Speech:
    return kokoro.synthesise("The weather has been rather mild.", kokoro.style("am_onyx"))


@pytest.mark.parametrize("name", ["resemblyzer", "campplus", "dvector"])
def test_one_voice_is_nearer_to_itself_than_to_another(
    name: str, models: Callable[[str], Path], spoken: Speech, other: Speech
) -> None:
    encoder = load_encoder(name, None if name == "resemblyzer" else models(name))
    speech = resample(spoken.samples, spoken.rate_hz, 16000)
    half = len(speech) // 2
    one, same = encoder.embed(speech[:half]), encoder.embed(speech[half:])
    stranger = encoder.embed(resample(other.samples, other.rate_hz, 16000))
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-4)
    assert similarity(one, same) > similarity(one, stranger) + 0.2
    with pytest.raises(SpeechError, match="nothing but silence"):
        encoder.embed(np.zeros(16000, dtype=np.float32))


def test_mel_filters_cover_the_band_with_equal_areas() -> None:
    filters = mel_filters(16000, 512, 40)
    assert filters.shape == (40, 257) and (filters >= 0).all()
    areas = filters[15:].sum(axis=1) * 16000 / 512
    np.testing.assert_allclose(areas, 1.0, atol=0.03)


def test_unknown_encoders_and_wrong_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Known ones: campplus, dvector, resemblyzer"):
        load_encoder("xvector")
    wrong = tmp_path / "weights.bin"
    wrong.write_text("nothing")
    for name in ("campplus", "dvector"):
        with pytest.raises(ModelError, match=r"weights\.bin is not the speaker encoder"):
            load_encoder(name, wrong)
