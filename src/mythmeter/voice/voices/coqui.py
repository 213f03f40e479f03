"""Single-voice models of coqui-tts on LJ Speech: Tacotron 2 with DDC, and VITS. They do not clone.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions" (ICASSP
2018); Kim et al., "Conditional Variational Autoencoder with Adversarial Learning for End-to-End
Text-to-Speech" (ICML 2021). Weights: Apache-2.0.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mythmeter.errors import ModelError, SpeechError
from mythmeter.media.audio import resample
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


class _CoquiSynthesiser:
    """See `Synthesiser`: the model's own voice, whoever is enrolled."""

    rate_hz = RATE_HZ
    name = ""
    files: Mapping[str, str]
    """Argument of the library's Synthesizer -> asset."""

    def __init__(self, assets: Mapping[str, Path], threads: int, device: str) -> None:
        for asset in self.files.values():
            if asset not in assets or not assets[asset].is_file():
                raise ModelError(
                    f"{self.name} needs {assets.get(asset, asset)}, which is not there. "
                    "`tts --model_name …` of coqui-tts fetches it; kokoro runs without."
                )
        import torch
        from TTS.utils.synthesizer import Synthesizer

        torch.set_num_threads(threads)
        paths = {argument: str(assets[asset]) for argument, asset in self.files.items()}
        try:
            self._library: Any = Synthesizer(**paths, use_cuda=device == "cuda")
        except Exception as error:  # the library and torch raise many unrelated types
            espeak = shutil.which("espeak-ng") or shutil.which("espeak")
            hint = "" if espeak else " If it says phonemes: install espeak-ng."
            raise ModelError(f"{self.name} could not be loaded: {error}.{hint}") from error

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
            torch.manual_seed(seed_of(request) & SEED_BITS)
            self._pace(request.speed)
            spoken = self._library.tts(request.text, split_sentences=False)
            samples = np.asarray(spoken, dtype=np.float32)
            rate_hz = int(self._library.output_sample_rate)
            yield trimmed(request.text, resample(samples, rate_hz, RATE_HZ))

    def _pace(self, speed: float) -> None:
        """Set the speed of the next sentence."""
        if speed != 1.0:
            raise SpeechError(f"{self.name} has one speed; set voice.speed to 1.")


class Tacotron2Synthesiser(_CoquiSynthesiser):
    """`tts_models/en/ljspeech/tacotron2-DDC` with its HiFi-GAN vocoder."""

    name = "coqui:tacotron2-DDC"
    files = {  # noqa: RUF012
        "tts_checkpoint": "coqui_tacotron2_model",
        "tts_config_path": "coqui_tacotron2_config",
        "vocoder_checkpoint": "coqui_hifigan_model",
        "vocoder_config": "coqui_hifigan_config",
    }


class VitsSynthesiser(_CoquiSynthesiser):
    """`tts_models/en/ljspeech/vits`; its speed is the model's length scale."""

    name = "coqui:vits"
    files = {  # noqa: RUF012
        "tts_checkpoint": "coqui_vits_model",
        "tts_config_path": "coqui_vits_config",
    }

    def _pace(self, speed: float) -> None:
        """Set the speed of the next sentence."""
        self._library.tts_model.length_scale = 1.0 / speed
