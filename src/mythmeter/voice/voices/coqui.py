"""Single-voice models of coqui-tts on LJ Speech: Tacotron 2 with DDC, and VITS. They do not clone.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions" (ICASSP
2018); Kim et al., "Conditional Variational Autoencoder with Adversarial Learning for End-to-End
Text-to-Speech" (ICML 2021). Weights: Apache-2.0, by the library's own list of models. Tests run
both on random weights of the real format; the released ones were not at hand.
"""

import pickle
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mythmeter.errors import ModelError, SpeechError
from mythmeter.media.audio import resample
from mythmeter.voice.assets import missing_coqui_file
from mythmeter.voice.languages import check_language
from mythmeter.voice.pieces import split_pieces
from mythmeter.voice.reference import Reference
from mythmeter.voice.speech import Speech
from mythmeter.voice.synthesiser import Enrolled, FitSettings, Request, Voice
from mythmeter.voice.voices.xtts import seed_of, trimmed

RATE_HZ = 24000
LONGEST = 250
"""Characters: beyond, Tacotron's attention tends to lose its place."""
SEED_BITS = 2**63 - 1
TAKE_NOISE = 0.1
"""Relative noise on the pre-net of Tacotron 2 in every take but the first, which samples nothing.
The paper's own source of variation, dropout of one half, suits only models trained with it."""


class _CoquiSynthesiser:
    """See `Synthesiser`: the model's own voice, whoever is enrolled."""

    rate_hz = RATE_HZ
    name = ""
    model = ""
    """What the config file must say it is of."""
    files: Mapping[str, str]
    """Argument of the library's Synthesizer -> asset."""

    def __init__(self, assets: Mapping[str, Path], threads: int, device: str) -> None:
        for asset in self.files.values():
            if asset not in assets or not assets[asset].is_file():
                raise ModelError(missing_coqui_file(self.name, assets.get(asset, asset)))
        import torch
        from TTS.utils.synthesizer import Synthesizer

        torch.set_num_threads(threads)
        self._check_config(assets[self.files["tts_config_path"]])
        paths = {argument: str(assets[asset]) for argument, asset in self.files.items()}
        try:
            self._library: Any = Synthesizer(**paths, use_cuda=device == "cuda")
        except Exception as error:  # the library and torch raise many unrelated types
            # torch's own text on a broken file advises to load it unsafely.
            broken = isinstance(error, pickle.UnpicklingError | EOFError)
            said = "not a PyTorch checkpoint (a Git LFS pointer? half a download?)"
            reason = said if broken else " ".join(str(error).split()) or type(error).__name__
            folders = sorted({Path(path).parent.name for path in paths.values()})
            raise ModelError(
                f"{self.name} could not be loaded from {' and '.join(folders)}: {reason}. "
                "Its files must be of one checkpoint; fetch them again."
            ) from error

    def _check_config(self, path: Path) -> None:
        """Refuse a config of another model, or of phonemes that nothing here can make."""
        from TTS.config import load_config

        try:
            config: Any = load_config(path)
        except Exception as error:  # not JSON, a model or a key that the library does not know
            raise ModelError(f"{path} is not a config that coqui-tts reads: {error}.") from error
        if config.model != self.model:
            raise ModelError(f"{path} is the config of a {config.model!r} model: {self.name} no.")
        espeak = shutil.which("espeak-ng") or shutil.which("espeak")
        if config.use_phonemes and config.phonemizer in (None, "espeak") and not espeak:
            raise ModelError(
                f"{self.name} reads phonemes, and the program that makes them, espeak-ng, is not "
                "installed (`apt-get install espeak-ng`; GPL-3.0). kokoro runs without."
            )

    def enrol(self, reference: Reference, settings: FitSettings) -> Enrolled:
        """Enrol nothing, and say so."""
        nobody = Voice(self.name, {"none": np.zeros(1, dtype=np.float32)})
        notes = {"steps": 0, "equaliser_strength": 0.0, "optimised": [], "clones": False}
        return Enrolled(nobody, None, (), notes)

    def split(self, text: str, language: str) -> list[str]:
        """Cut a script into sentences; see `Synthesiser`."""
        check_language(self.name, language)
        pieces = split_pieces(text, language, lambda piece: len(piece) <= LONGEST)
        spoken = [piece for piece in pieces if any(sign.isalnum() for sign in piece)]
        if not spoken:
            raise SpeechError(f"Nothing in {text.strip()!r} can be spoken: it has no words.")
        return spoken

    def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
        """Speak one request after another; see `Synthesiser`."""
        import torch

        for request in requests:
            check_language(self.name, request.language)
            self._require_tokens(request.text)
            self._pace(request.speed)
            torch.manual_seed(seed_of(request) & SEED_BITS)
            self._vary(request.take)
            spoken = self._library.tts(request.text, split_sentences=False)
            samples = np.asarray(spoken, dtype=np.float32)
            rate_hz = int(self._library.output_sample_rate)
            yield trimmed(request.text, resample(samples, rate_hz, RATE_HZ))

    def _require_tokens(self, text: str) -> None:
        """Refuse what the model has no letters for: it drops those, and fails on what is empty."""
        tokenizer = self._library.tts_model.tokenizer
        ids = tokenizer.text_to_ids(text, language="en")
        signs = [tokenizer.characters.id_to_char(number) for number in ids]
        if not any(len(sign) == 1 and sign.isalpha() for sign in signs):  # others: <BLNK>, <PAD>
            raise SpeechError(f"{self.name} has no letters for {text!r}: it reads English only.")

    def _pace(self, speed: float) -> None:
        """Set the speed of the next sentence."""
        if speed != 1.0:
            raise SpeechError(
                f"{self.name} has one speed, not {speed:g}: set voice.speed to 1 and leave "
                "duration_s empty, or choose another synthesiser."
            )

    def _vary(self, take: int) -> None:
        """Prepare what makes the next sentence's take sound otherwise, besides the seed."""


class Tacotron2Synthesiser(_CoquiSynthesiser):
    """`tts_models/en/ljspeech/tacotron2-DDC` with its HiFi-GAN vocoder."""

    name = "coqui:tacotron2-DDC"
    model = "tacotron2"
    files = {  # noqa: RUF012
        "tts_checkpoint": "coqui_tacotron2_model",
        "tts_config_path": "coqui_tacotron2_config",
        "vocoder_checkpoint": "coqui_hifigan_model",
        "vocoder_config": "coqui_hifigan_config",
    }

    def __init__(self, assets: Mapping[str, Path], threads: int, device: str) -> None:
        super().__init__(assets, threads, device)
        self._noise = 0.0
        self._library.tts_model.decoder.prenet.register_forward_hook(self._disturbed)

    def _vary(self, take: int) -> None:
        """Leave the first take as the model speaks it."""
        self._noise = TAKE_NOISE if take else 0.0

    def _disturbed(self, _module: Any, _inputs: Any, output: Any) -> Any:
        import torch

        return output * (1 + self._noise * torch.randn_like(output)) if self._noise else output


class VitsSynthesiser(_CoquiSynthesiser):
    """`tts_models/en/ljspeech/vits`; its speed is the model's length scale."""

    name = "coqui:vits"
    model = "vits"
    files = {  # noqa: RUF012
        "tts_checkpoint": "coqui_vits_model",
        "tts_config_path": "coqui_vits_config",
    }

    def _pace(self, speed: float) -> None:
        """Set the speed of the next sentence."""
        model = self._library.tts_model
        model.length_scale = model.args.length_scale / speed
