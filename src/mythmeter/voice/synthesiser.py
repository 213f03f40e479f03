"""What every synthesiser does, what an enrolled voice is on disk, and how one is found by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import ModelError
from mythmeter.voice.languages import check_synthesiser
from mythmeter.voice.reference import Reference
from mythmeter.voice.speech import Speech


@dataclass(frozen=True)
class Voice:
    """What a synthesiser knows of a person's voice."""

    synthesiser: str
    tensors: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class FitSettings:
    """How hard a voice is fitted to its reference."""

    steps: int
    equaliser_strength: float
    seed: int


@dataclass(frozen=True)
class Enrolled:
    """A voice, the one that it started from, and others to compare with."""

    voice: Voice
    start: Voice
    """The nearest voice that the synthesiser brings along, untouched."""
    strangers: tuple[NDArray[np.float32], ...]
    """Speech at 16 kHz of other voices: what likeness is worth nothing."""
    notes: Mapping[str, Any] = field(default_factory=dict)


class Synthesiser(Protocol):
    """Speaks text with an enrolled voice."""

    rate_hz: int

    def enrol(self, reference: Reference, settings: FitSettings) -> Enrolled:
        """Fit a voice to clean speech."""

    def speak(
        self, voice: Voice, text: str, *, language: str, speed: float, pause_s: float
    ) -> Speech:
        """Speak a text; see `Speech` for its times.

        Raises:
            SpeechError: an empty text, an unsupported language, nothing that can be said.
        """


_CLASSES = {"kokoro": ("mythmeter.voice.voices.kokoro_voice", "KokoroSynthesiser")}


def load_synthesiser(
    name: str, assets: Mapping[str, Path], *, threads: int = 1, device: str = "cpu"
) -> Synthesiser:
    """Load a synthesiser by its name in the config.

    Args:
        name: a key of SUPPORTED_LANGUAGES.
        assets: fetched files by their names in the catalogue.
        threads: cores that it uses.
        device: `cpu` or `cuda`.

    Raises:
        ConfigError: an unknown name.
        ModelError: an asset is missing or not what was pinned.
    """
    check_synthesiser(name)
    module, cls = _CLASSES[name]
    made: Synthesiser = getattr(import_module(module), cls)(assets, threads, device)
    return made


def write_voice(path: Path, voice: Voice) -> None:
    """Write a voice as safetensors, the synthesiser's name in its metadata."""
    from safetensors.numpy import save_file

    tensors = {name: np.ascontiguousarray(value) for name, value in voice.tensors.items()}
    with replacing(path) as partial:
        save_file(tensors, partial, metadata={"synthesiser": voice.synthesiser})


def read_voice(path: Path, synthesiser: str) -> Voice:
    """Read a voice that `synthesiser` is to speak with.

    Raises:
        ModelError: not a voice, or one of another synthesiser.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            found = (file.metadata() or {}).get("synthesiser")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is not an enrolled voice ({error}). Enrol it again.") from error
    if found != synthesiser:
        raise ModelError(
            f"{path} was enrolled for the synthesiser {found!r}, not {synthesiser!r}. "
            "Enrol it again or set voice.synthesiser back."
        )
    return Voice(synthesiser, tensors)
