"""Which voices a server may speak with: enrolled, and each covered by a consent receipt."""

from dataclasses import dataclass
from pathlib import Path

from mythmeter.config.places import is_id
from mythmeter.errors import SpeechError
from mythmeter.voice.service.consents import Consents, Granted
from mythmeter.voice.synthesiser import Voice, read_voice


class UnknownVoiceError(SpeechError):
    """No voice of this name is enrolled."""


@dataclass(frozen=True)
class Allowed:
    """A voice that may be spoken with now."""

    voice: Voice
    consent: Granted


class VoiceShelf:
    """The enrolled voices of a run.

    Args:
        results: the run's folder, with `voice/<person>/voice.safetensors`.
        synthesiser: for which the voices were enrolled.
        consents: of the run.
    """

    def __init__(self, results: Path, synthesiser: str, consents: Consents) -> None:
        self._results = results
        self._synthesiser = synthesiser
        self._consents = consents
        self._read: dict[tuple[str, int], Voice] = {}

    def names(self) -> list[str]:
        """Return the people with a voice and a receipt."""
        paths = sorted((self._results / "voice").glob("*/voice.safetensors"))
        names = (path.parent.name for path in paths)
        return [name for name in names if is_id(name) and self._consents.has_receipt(name)]

    def take(self, name: str, language: str) -> Allowed:
        """Return a voice after checking, again at each request, that its consent still holds.

        Raises:
            UnknownVoiceError: no such voice; a name that is no plain id is never looked up.
            ConsentError: no receipt, consent over, or not for the voice in this language.
            ModelError: the file is not a voice of this synthesiser.
        """
        path = self._results / "voice" / name / "voice.safetensors"
        if not is_id(name) or not path.is_file():
            known = ", ".join(self.names()) or "none"
            raise UnknownVoiceError(f"There is no voice {name[:64]!r}. Voices: {known}.")
        consent = self._consents.require(name, language)
        key = (name, path.stat().st_mtime_ns)
        if key not in self._read:
            self._read[key] = read_voice(path, self._synthesiser)
        return Allowed(self._read[key], consent)
