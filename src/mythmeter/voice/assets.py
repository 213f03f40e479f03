"""Which fetched files each synthesiser needs. Nothing heavy is imported: rules read it."""

import os
from collections.abc import Mapping
from pathlib import Path

from mythmeter.voice.languages import check_synthesiser

SPEAKING: Mapping[str, tuple[str, ...]] = {
    "kokoro": ("kokoro", "kokoro_voices"),
    "xtts": ("xtts_config", "xtts_model", "xtts_vocab"),
    "coqui:tacotron2-DDC": (
        *("coqui_tacotron2_config", "coqui_tacotron2_model"),
        *("coqui_hifigan_config", "coqui_hifigan_model"),
    ),
    "coqui:vits": ("coqui_vits_config", "coqui_vits_model"),
}
"""Synthesiser -> names in the model catalogue of what it needs to speak."""

LISTENING = ("whisper",)
"""What checks speech as it is spoken."""

SIDE_BY_SIDE = ("xtts",)
"""Synthesisers that speak many sentences faster than one after another."""

OWN_FILES: Mapping[str, str] = {
    "xtts_config": "config.json",
    "xtts_model": "model.pth",
    "xtts_vocab": "vocab.json",
}
"""Files of the user's own checkpoint folder (voice.xtts.checkpoint), by catalogue name."""

COQUI_FILES: Mapping[str, str] = {
    "coqui_tacotron2_config": "tts_models--en--ljspeech--tacotron2-DDC/config.json",
    "coqui_tacotron2_model": "tts_models--en--ljspeech--tacotron2-DDC/model_file.pth",
    "coqui_hifigan_config": "vocoder_models--en--ljspeech--hifigan_v2/config.json",
    "coqui_hifigan_model": "vocoder_models--en--ljspeech--hifigan_v2/model_file.pth",
    "coqui_vits_config": "tts_models--en--ljspeech--vits/config.json",
    "coqui_vits_model": "tts_models--en--ljspeech--vits/model_file.pth",
}
"""Files in coqui-tts's own cache, where `tts --model_name …` puts them; no hash is published."""

JUDGING = ("campplus", "dvector")
"""Speaker encoders that say how like an enrolled voice is."""


def coqui_cache() -> Path:
    """Return the folder where coqui-tts keeps what it downloads, as it finds it on Linux."""
    home = os.environ.get("TTS_HOME") or os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "tts"


def missing_coqui_file(synthesiser: str, path: Path | str) -> str:
    """Say where a file of coqui-tts goes, who fetches it, and its licence."""
    model = synthesiser.removeprefix("coqui:")
    return (
        f"{synthesiser} needs {path}, which is not there. Mythmeter does not fetch it: "
        f"`tts --model_name tts_models/en/ljspeech/{model} --text Hello --out_path hello.wav` "
        "does, under Apache-2.0, or put the folders it makes into voice.coqui.folder. See "
        "docs/voice.md; kokoro runs without."
    )


def speaking_assets(synthesiser: str) -> tuple[str, ...]:
    """Return the names of what a synthesiser needs to speak.

    Raises:
        ConfigError: an unknown synthesiser.
    """
    check_synthesiser(synthesiser)
    return SPEAKING[synthesiser]


def spoken_assets(synthesiser: str) -> tuple[str, ...]:
    """Return the names of what a synthesiser needs to speak a script and have it checked.

    Raises:
        ConfigError: an unknown synthesiser.
    """
    return (*speaking_assets(synthesiser), *LISTENING)


def enrolment_assets(synthesiser: str) -> tuple[str, ...]:
    """Return the names of what a synthesiser needs to enrol a voice and have it judged.

    Raises:
        ConfigError: an unknown synthesiser.
    """
    return (*speaking_assets(synthesiser), *JUDGING)
