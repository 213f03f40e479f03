"""Synthetic speech and when each of its sentences, words and phonemes is heard."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mythmeter.media.audio import Samples


@dataclass(frozen=True)
class Phoneme:
    """One sound, by its IPA symbol (see `phonemes.IPA_SYMBOLS`)."""

    symbol: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Word:
    """A word as the script writes it, with the punctuation that touches it.

    A word that makes no sound (a dash, an emoji) has no phonemes and ends where it starts.
    """

    text: str
    start_s: float
    end_s: float
    phonemes: tuple[Phoneme, ...]


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a part of one that was too long to be spoken at once."""

    text: str
    start_s: float
    end_s: float
    words: tuple[Word, ...]
    """All words of the text in order, or none where nothing is known yet of their times."""


@dataclass(frozen=True)
class Speech:
    """Mono sound (n,), float32, and its sentences, whose times count from the first sample."""

    samples: Samples
    rate_hz: int
    sentences: tuple[Sentence, ...]

    @property
    def duration_s(self) -> float:
        """Length of the sound."""
        return len(self.samples) / self.rate_hz

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in order."""
        return tuple(word for sentence in self.sentences for word in sentence.words)

    @property
    def phonemes(self) -> tuple[Phoneme, ...]:
        """All phonemes in order; what is between them is silence."""
        return tuple(phoneme for word in self.words for phoneme in word.phonemes)


def join(
    parts: Iterable[Speech], *, pause_s: float, lead_s: float = 0.0, tail_s: float = 0.0
) -> Speech:
    """Put silence before, between and after parts of speech of one sample rate; shift their times.

    Raises:
        ValueError: no parts, or parts of different sample rates.
    """
    parts = list(parts)
    if len({part.rate_hz for part in parts}) != 1:
        raise ValueError("join needs one or more parts of one sample rate")
    rate_hz = parts[0].rate_hz
    pieces = [silence(lead_s, rate_hz)]
    sentences: list[Sentence] = []
    for index, part in enumerate(parts):
        if index:
            pieces.append(silence(pause_s, rate_hz))
        start_s = sum(len(piece) for piece in pieces) / rate_hz
        pieces.append(part.samples)
        sentences.extend(shift(part.sentences, start_s))
    pieces.append(silence(tail_s, rate_hz))
    return Speech(np.concatenate(pieces), rate_hz, tuple(sentences))


def silence(duration_s: float, rate_hz: int) -> Samples:
    """Return digital silence, rounded to whole samples."""
    return np.zeros(round(duration_s * rate_hz), dtype=np.float32)


def shift(sentences: Iterable[Sentence], by_s: float) -> tuple[Sentence, ...]:
    """Move sentences, their words and phonemes in time."""
    return retime(sentences, lambda time_s: time_s + by_s)


def retime(sentences: Iterable[Sentence], warp: Callable[[float], float]) -> tuple[Sentence, ...]:
    """Apply a function of time to sentences, their words and phonemes."""
    return tuple(
        _retimed(
            sentence,
            warp,
            words=tuple(
                _retimed(word, warp, phonemes=tuple(_retimed(p, warp) for p in word.phonemes))
                for word in sentence.words
            ),
        )
        for sentence in sentences
    )


def _retimed(item: Any, warp: Callable[[float], float], **inner: Any) -> Any:
    return replace(item, start_s=warp(item.start_s), end_s=warp(item.end_s), **inner)
