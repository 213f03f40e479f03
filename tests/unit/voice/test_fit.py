"""The torch decoder is the ONNX one, and a step of the fit raises the likeness."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mythmeter.errors import ConfigError, ModelError
from mythmeter.voice.enrol import _check
from mythmeter.voice.synthesiser import FitSettings, load_synthesiser, read_voice, write_voice
from mythmeter.voice.voices.kokoro import Kokoro, Style
from mythmeter.voice.voices.kokoro_decoder import KokoroDecoder
from mythmeter.voice.voices.kokoro_fit import Phrase, TimbreSpace, fit_timbre, to_16k
from mythmeter.voice.voices.kokoro_graph import expose, load_graph, start_session
from mythmeter.voice.voices.kokoro_voice import kokoro_voice


class Brightness:
    """A stand-in for an encoder: how the sound is spread over sixteen bands."""

    name = "brightness"

    def embed_tensor(self, samples_16k: torch.Tensor) -> torch.Tensor:
        spectrum = torch.fft.rfft(samples_16k).abs()
        bands = torch.nn.functional.adaptive_avg_pool1d(spectrum[None], 16)[0]
        return bands / bands.norm()


@pytest.fixture(scope="session")
def decoder_and_phrase(
    kokoro: Kokoro, models: Callable[[str], Path]
) -> tuple[KokoroDecoder, Phrase, Style]:
    graph = load_graph(models("kokoro"))
    decoder = KokoroDecoder(graph)
    expose(graph, decoder.boundary)
    style = kokoro.style("af_heart")[63]
    samples, *fixed = start_session(graph, 1).run(
        ["audio", *decoder.boundary], kokoro.feed("hˈI", style)
    )
    tensors = dict(zip(decoder.boundary, map(torch.from_numpy, fixed), strict=True))
    return decoder, Phrase(tensors, samples.ravel()), style


def test_the_decoder_makes_the_sound_of_onnx_runtime(
    decoder_and_phrase: tuple[KokoroDecoder, Phrase, Style],
) -> None:
    decoder, phrase, style = decoder_and_phrase
    with torch.no_grad():
        sound = decoder(phrase.fixed, torch.tensor(style[:128])).numpy()
    assert sound.shape == phrase.samples.shape
    # The rest is the noise of 8-bit activations, which the decoder does not have.
    assert np.corrcoef(sound, phrase.samples)[0, 1] > 0.95
    assert np.std(sound) == pytest.approx(np.std(phrase.samples), rel=0.1)


def test_two_steps_raise_the_likeness_and_repeat_exactly(
    decoder_and_phrase: tuple[KokoroDecoder, Phrase, Style], kokoro: Kokoro
) -> None:
    decoder, phrase, style = decoder_and_phrase
    stock = [kokoro.style(name)[63, :128] for name in kokoro.stock_voices()]
    space = TimbreSpace(stock, "cpu")
    target = np.linspace(0, 1, 16, dtype=np.float32)
    target /= np.linalg.norm(target)

    def fit() -> tuple[np.ndarray, list[float]]:
        found = fit_timbre(
            decoder,
            [phrase],
            space,
            style,
            {"brightness": target},
            {"brightness": Brightness()},
            curve_db=np.zeros(1025, dtype=np.float32),
            steps=2,
            seed=3,
        )
        return found.timbre, [step["brightness"] for step in found.likeness]

    timbre, likeness = fit()
    assert timbre.shape == (128,) and np.abs(timbre - style[:128]).max() > 1e-3
    assert likeness[1] > likeness[0]
    assert np.array_equal(timbre, fit()[0])


def test_a_timbre_survives_its_coordinates(kokoro: Kokoro) -> None:
    stock = [kokoro.style(name)[63, :128] for name in kokoro.stock_voices()]
    space = TimbreSpace(stock, "cpu")
    back = space.timbre(space.position(stock[5]), torch.zeros(128))
    np.testing.assert_allclose(back.numpy(), stock[5], atol=1e-4)


def test_resampling_in_the_spectrum_keeps_a_tone() -> None:
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(24000) / 24000)
    wanted = torch.sin(2 * torch.pi * 1000 * torch.arange(16000) / 16000)
    np.testing.assert_allclose(to_16k(tone).numpy(), wanted.numpy(), atol=1e-3)


def test_a_voice_survives_its_file_and_is_bound_to_its_synthesiser(tmp_path: Path) -> None:
    style = np.arange(256, dtype=np.float32)
    voice = kokoro_voice(style, 1.1, np.zeros(1025, dtype=np.float32))
    write_voice(tmp_path / "voice.safetensors", voice)
    read = read_voice(tmp_path / "voice.safetensors", "kokoro")
    assert np.array_equal(read.tensors["style"], style)
    assert read.tensors["pitch"] == pytest.approx([1.1])
    with pytest.raises(ModelError, match="enrolled for the synthesiser 'kokoro', not 'xtts'"):
        read_voice(tmp_path / "voice.safetensors", "xtts")
    (tmp_path / "bad.safetensors").write_text("nothing")
    with pytest.raises(ModelError, match="not an enrolled voice"):
        read_voice(tmp_path / "bad.safetensors", "kokoro")


def test_settings_out_of_range_and_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"voice\.fit_steps"):
        _check(FitSettings(steps=-1, equaliser_strength=0.5, seed=1))
    with pytest.raises(ConfigError, match=r"voice\.equaliser_strength"):
        _check(FitSettings(steps=1, equaliser_strength=1.5, seed=1))
    with pytest.raises(ConfigError, match=r"Known ones: .*kokoro"):
        load_synthesiser("festival", {})
    with pytest.raises(ModelError, match="needs the asset kokoro"):
        load_synthesiser("kokoro", {})
