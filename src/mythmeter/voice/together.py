"""First takes of all scripts of one person, spoken together through one loaded model.

A synthesiser that decodes sentences side by side fills its rows from all renders at once, and its
weights are loaded once. `speak_script` then reads its own sentences, and loads the model again only
for a sentence that has to be spoken again.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mythmeter.atomic import replacing
from mythmeter.errors import ModelError
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.languages import check_language
from mythmeter.voice.reference import Reference
from mythmeter.voice.speech import Sentence, Speech
from mythmeter.voice.synthesiser import (
    Enrolled,
    FitSettings,
    Request,
    Synthesiser,
    Voice,
    load_synthesiser,
    read_voice,
)

MAKE_AGAIN = "Remove it and run again."


@dataclass(frozen=True)
class Script:
    """What one render says."""

    text: str
    language: str
    speed: float
    seed: int


def speak_together(
    scripts: Sequence[Script],
    voice_path: Path,
    *,
    synthesiser: str,
    synthesiser_settings: Mapping[str, Any],
    assets: Mapping[str, Path],
    takes_path: Path,
    record: UsageRecord,
) -> None:
    """Speak the first take of every sentence of every script; write them to one file.

    Args:
        scripts: of all renders of a person.
        voice_path: from enrol_voice.
        synthesiser: name of the backend.
        synthesiser_settings: its own settings (`settings.settings_of`).
        assets: files by catalogue name.
        takes_path: safetensors: samples by request; pieces of each script in its metadata.
        record: usage record of the job.

    Raises:
        SpeechError: an unsupported language, an empty script.
        ModelError: the voice is of another synthesiser, a file or a licence is missing.
    """
    from safetensors.numpy import save_file

    for script in scripts:
        check_language(synthesiser, script.language)
    record.backend = synthesiser
    voice = read_voice(voice_path, synthesiser)
    with record.phase("model_load"):
        speaker = load_synthesiser(
            synthesiser,
            assets,
            threads=record.threads,
            device=record.device.kind,
            settings=synthesiser_settings,
        )
    with record.phase("steady") as work:
        pieces = {_key(s.text, s.language): speaker.split(s.text, s.language) for s in scripts}
        requests = dict.fromkeys(
            Request(piece, script.language, script.speed, script.seed)
            for script in scripts
            for piece in pieces[_key(script.text, script.language)]
        )
        spoken = zip(requests, speaker.takes(voice, list(requests)), strict=True)
        tensors = {_name(request): speech.samples for request, speech in spoken}
        work["audio_s"] = sum(map(len, tensors.values())) / speaker.rate_hz
        work["sentences"] = len(tensors)
        work.update(getattr(speaker, "work", {}))
    about = {"rate_hz": str(speaker.rate_hz), "pieces": json.dumps(pieces)}
    with replacing(takes_path) as partial:
        save_file(tensors, partial, metadata={"synthesiser": synthesiser, **about})


class Recorded:
    """See `Synthesiser`: first takes come from a file, all else from a model loaded when needed.

    Args:
        path: from `speak_together`.
        load: loads the synthesiser.

    Raises:
        ModelError: not such a file.
    """

    def __init__(self, path: Path, load: Callable[[], Synthesiser]) -> None:
        from safetensors import SafetensorError, safe_open

        self._load = load
        try:
            self._file = safe_open(path, framework="numpy").__enter__()
            about = self._file.metadata()
            self.rate_hz = int(about["rate_hz"])
            self._pieces: dict[str, list[str]] = json.loads(about["pieces"])
            self._names = set(self._file.keys())
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{path} holds no first takes ({error}). {MAKE_AGAIN}") from error

    @cached_property
    def _speaker(self) -> Synthesiser:
        return self._load()

    @property
    def work(self) -> Mapping[str, float]:
        """What the model did, if it was needed."""
        if "_speaker" not in self.__dict__:
            return {}
        work: Mapping[str, float] = getattr(self._speaker, "work", {})
        return work

    def enrol(self, reference: Reference, settings: FitSettings) -> Enrolled:
        """See Synthesiser."""
        return self._speaker.enrol(reference, settings)

    def split(self, text: str, language: str) -> list[str]:
        """See Synthesiser."""
        known = self._pieces.get(_key(text, language))
        return self._speaker.split(text, language) if known is None else list(known)

    def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
        """See Synthesiser."""
        unknown = [request for request in requests if _name(request) not in self._names]
        fresh = self._speaker.takes(voice, unknown) if unknown else iter(())
        for request in requests:
            name = _name(request)
            if name in self._names:
                samples = np.asarray(self._file.get_tensor(name), dtype=np.float32)
                end_s = len(samples) / self.rate_hz
                yield Speech(samples, self.rate_hz, (Sentence(request.text, 0.0, end_s, ()),))
            else:
                yield next(fresh)


def _key(text: str, language: str) -> str:
    return f"{language} {text}"


def _name(request: Request) -> str:
    content = json.dumps(asdict(request), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
