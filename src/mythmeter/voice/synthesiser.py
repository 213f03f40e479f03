"""What every synthesiser does, what an enrolled voice is on disk, and how one is found by name."""

from collections.abc import Iterator, Mapping, Sequence
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
from mythmeter.voice.speech import Speech, join


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
    start: Voice | None
    """The nearest voice that the synthesiser brings along, untouched; None where it has none."""
    strangers: tuple[NDArray[np.float32], ...]
    """Speech at 16 kHz of other voices: what likeness is worth nothing. Empty where it has none."""
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A sentence to be spoken, and which take of it."""

    text: str
    """One of the pieces that `split` gave."""
    language: str
    speed: float = 1.0
    """1 is the voice's own pace, 2 twice as fast."""
    seed: int = 0
    """Of whatever is sampled; the same for every take of a script."""
    take: int = 0
    """0 is the take that the settings describe. Each number above it must sound otherwise, from a
    synthesiser that samples nothing too: a bad take is spoken again with the next number."""


class Synthesiser(Protocol):
    """Speaks text with an enrolled voice, one sentence at a time.

    What it speaks is not trusted: `voice.check` transcribes and times every take and asks for
    another where one is bad. So a synthesiser need not judge its own speech.
    """

    rate_hz: int

    def enrol(self, reference: Reference, settings: FitSettings) -> Enrolled:
        """Fit a voice to clean speech."""

    def split(self, text: str, language: str) -> list[str]:
        """Cut a script into pieces that are each spoken at once: sentences, or parts of long ones.

        Joined by spaces they are the script, white space normalised; what makes no sound may be
        left out.

        Raises:
            SpeechError: an empty text, an unsupported language, nothing that can be said.
        """

    def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
        """Speak one take for each request, in their order; they may be worked on together.

        Each has one sentence, `request.text`, and is trimmed of most silence around it. Its `words`
        are all the words of the text, with phonemes, where the synthesiser knows when they are
        heard, and empty where it does not: they are then aligned to the sound. The same request
        gives the same samples, whatever else is asked for beside it.

        Raises:
            SpeechError: an unsupported language, a piece that cannot be said.
        """


def say(
    speaker: Synthesiser, voice: Voice, text: str, *, language: str = "en", pause_s: float = 0.2
) -> Speech:
    """Speak a text as it comes: the first take of each piece, unchecked."""
    requests = [Request(piece, language) for piece in speaker.split(text, language)]
    return join(speaker.takes(voice, requests), pause_s=pause_s)


_CLASSES = {
    "kokoro": ("mythmeter.voice.voices.kokoro_voice", "KokoroSynthesiser"),
    "xtts": ("mythmeter.voice.voices.xtts", "XttsSynthesiser"),
    "coqui:tacotron2-DDC": ("mythmeter.voice.voices.coqui", "Tacotron2Synthesiser"),
    "coqui:vits": ("mythmeter.voice.voices.coqui", "VitsSynthesiser"),
}


def load_synthesiser(
    name: str,
    assets: Mapping[str, Path],
    *,
    threads: int = 1,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
) -> Synthesiser:
    """Load a synthesiser by its name in the config.

    Args:
        name: a key of SUPPORTED_LANGUAGES.
        assets: fetched files by their names in the catalogue.
        threads: cores that it uses.
        device: `cpu` or `cuda`.
        settings: further arguments of this synthesiser, by name (`settings.settings_of`).

    Raises:
        ConfigError: an unknown name.
        ModelError: an asset is missing or not what was pinned, a licence is not accepted.
    """
    check_synthesiser(name)
    module, cls = _CLASSES[name]
    make = getattr(import_module(module), cls)
    made: Synthesiser = make(assets, threads, device, **(settings or {}))
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
