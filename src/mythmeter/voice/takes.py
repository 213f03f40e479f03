"""Sentences spoken until they are good: every take is checked, a bad one is spoken again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mythmeter.errors import SpeechError
from mythmeter.media.audio import Samples, read_wav, resample
from mythmeter.voice.alignment import Aligner
from mythmeter.voice.check import RATE_HZ, Fault, sound_faults, stretch_fault, word_faults
from mythmeter.voice.embeddings.encoder import SpeakerEncoder, similarity
from mythmeter.voice.speech import Speech
from mythmeter.voice.synthesiser import Request, Synthesiser, Voice
from mythmeter.voice.transcribe import LANGUAGE, Transcriber
from mythmeter.voice.wording import spoken_words, word_errors

TOGETHER = 8
"""Sentences that are asked for at once: enough for a synthesiser that batches, few in memory."""


@dataclass(frozen=True)
class Take:
    """One take of a sentence and what was found in it."""

    number: int
    speech: Speech
    faults: tuple[Fault, ...]
    heard: str | None
    """What was understood; None where nobody listened."""
    errors: int | None
    words: int
    """Wrong words, and words of the text."""
    similarity: float
    """Cosine to the person's recordings by Resemblyzer."""

    @property
    def error_rate(self) -> float | None:
        """Wrong words over words."""
        return None if self.errors is None else self.errors / max(1, self.words)


@dataclass(frozen=True)
class Choice:
    """All takes of a sentence, and the one that is used."""

    text: str
    takes: tuple[Take, ...]

    @property
    def best(self) -> Take:
        """A take without faults before others, then the fewest wrong words, then likeness."""
        return min(
            self.takes,
            key=lambda take: (bool(take.faults), take.error_rate or 0.0, -take.similarity),
        )


class Checker:
    """Listens to takes.

    Args:
        transcriber: understands English.
        encoder: tells how like the person a take is; not the one that judges the finished render.
        person_16k: the person's cleaned reference.
        worst_rate: share of wrong words above which a take is bad.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        encoder: SpeakerEncoder,
        person_16k: Samples,
        worst_rate: float,
    ) -> None:
        self._transcriber = transcriber
        self._encoder = encoder
        self._person = encoder.embed(person_16k)
        self._worst_rate = worst_rate

    def check(self, request: Request, speech: Speech) -> Take:
        """Judge a take; its words are compared where the language is English."""
        samples = resample(speech.samples, speech.rate_hz, RATE_HZ)
        faults = sound_faults(request.text, samples, request.speed)
        silent = any(fault.kind == "silent" for fault in faults)
        heard, errors, wanted = None, None, spoken_words(request.text)
        if understands(request.language):
            heard = "" if silent else self._transcriber.hear(samples)
            found = word_faults(wanted, spoken_words(heard), self._worst_rate)
            if found and not silent:
                heard = self._transcriber.hear(samples, carefully=True)
                found = word_faults(wanted, spoken_words(heard), self._worst_rate)
            if not found:
                found = stretch_fault(self._transcriber, samples, heard)
            faults += found
            errors = word_errors(wanted, spoken_words(heard))
        return Take(
            number=request.take,
            speech=speech,
            faults=tuple(faults),
            heard=heard,
            errors=errors,
            words=len(wanted),
            similarity=-1.0 if silent else self._likeness(samples),
        )

    def _likeness(self, samples_16k: Samples) -> float:
        try:
            return similarity(self._encoder.embed(samples_16k), self._person)
        except SpeechError:
            return -1.0


def understands(language: str) -> bool:
    """Say whether the packaged Whisper understands a language."""
    return language.split("-")[0].lower() == LANGUAGE


def speak_checked(
    speaker: Synthesiser,
    voice: Voice,
    requests: Sequence[Request],
    checker: Checker,
    aligner: Aligner,
    most_takes: int,
) -> Iterator[Choice]:
    """Speak each request, and again while it is bad, `most_takes` times at most; in order.

    Words that the synthesiser gives no times for are aligned in the takes that are used.
    """
    for first in range(0, len(requests), TOGETHER):
        group = requests[first : first + TOGETHER]
        takes: list[list[Take]] = [[] for _ in group]
        for number in range(most_takes):
            bad = [
                index for index in range(len(group)) if all(take.faults for take in takes[index])
            ]
            asked = [replace(group[index], take=number) for index in bad]
            spoken = speaker.takes(voice, asked)
            for index, request, speech in zip(bad, asked, spoken, strict=True):
                takes[index].append(checker.check(request, speech))
        for request, found in zip(group, takes, strict=True):
            choice = Choice(request.text, tuple(found))
            yield _aligned(choice, request, aligner)


def _aligned(choice: Choice, request: Request, aligner: Aligner) -> Choice:
    best = choice.best
    if best.speech.words:
        return choice
    timed = replace(best, speech=aligner.align(best.speech, request.language))
    return replace(choice, takes=tuple(timed if t is best else t for t in choice.takes))


def person_16k(reference: Path) -> Samples:
    """Read the person's cleaned reference."""
    samples, rate_hz = read_wav(reference)
    return np.asarray(resample(samples, rate_hz, RATE_HZ))
