"""When each word and phoneme of Kokoro's speech is heard, from the durations that it predicts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mythmeter.media.audio import Samples
from mythmeter.voice.phonemes import (
    IPA_OF_MISAKI,
    LENGTH,
    MISAKI_SOUNDS,
    STRESS,
    Pronunciation,
)
from mythmeter.voice.speech import Phoneme, Sentence, Word

RATE_HZ = 24000

UNIT_SAMPLES = 600
"""Samples in one unit of duration (25 ms); an utterance is exactly the sum of its units long."""

SOUND_LEAD_S = 0.055
"""Sounds are heard this much before the durations say.

Measured on 18 sentences in 6 stock voices: the lag at which vowels follow the energy of 0.2–2 kHz
and sibilants that above 4.5 kHz best; the same for both and within 10 ms for every voice.
"""

SILENCE_DB = -38.0
"""A phoneme before a pause ends where the level last falls below this, relative to the loudest."""

EARLY_S = 0.1
"""A phoneme after a pause may start this much before its durations say, where it is heard to."""

LEVEL_HOP = RATE_HZ // 200
"""Samples over which the level is taken: 5 ms."""

PAUSES = ("", ".", ",", "!", "?", ";", ":", "—", "…")
"""What stands beside a phoneme that borders on silence; "" is an end of the sentence."""


class Utterance(NamedTuple):
    """What one run of the graph gives."""

    samples: Samples
    """(n,), float32, 24 kHz."""
    units: NDArray[np.int64]
    """(symbols + 2,): duration of each token, start and end padding included, in 25 ms."""
    pitch_hz: NDArray[np.float32]
    """(2 × units,): fundamental frequency before the factor; small where unvoiced."""


def to_symbols(
    words: Sequence[Pronunciation], vocabulary: Mapping[str, int]
) -> tuple[str, list[int]]:
    """Join words by spaces into the model's symbols; say which word each belongs to."""
    symbols: list[str] = []
    owners: list[int] = []
    for index, word in enumerate(words):
        known = [symbol for symbol in word.symbols if symbol in vocabulary]
        if symbols and known:
            symbols.append(" ")
            owners.append(index)
        symbols.extend(known)
        owners.extend([index] * len(known))
    return "".join(symbols), owners


def time_words(
    words: Sequence[Pronunciation], symbols: str, owners: Sequence[int], utterance: Utterance
) -> Sentence:
    """Give every word and phoneme its time, counted from the utterance's first sample."""
    phonemes: list[list[Phoneme]] = [[] for _ in words]
    for owner, phoneme in _timed_phonemes(symbols, owners, utterance):
        phonemes[owner].append(phoneme)
    timed: list[Word] = []
    now_s = next(sounds[0].start_s for sounds in phonemes if sounds)
    for word, sounds in zip(words, phonemes, strict=True):
        start_s, now_s = (sounds[0].start_s, sounds[-1].end_s) if sounds else (now_s, now_s)
        timed.append(Word(word.text, start_s, now_s, tuple(sounds)))
    text = " ".join(word.text for word in words)
    return Sentence(text, timed[0].start_s, timed[-1].end_s, tuple(timed))


def _timed_phonemes(
    symbols: str, owners: Sequence[int], utterance: Utterance
) -> list[tuple[int, Phoneme]]:
    """Return (word, phoneme) in order, from the durations of the tokens.

    A stress mark's duration is spent on the vowel after it (given to the consonant before it, the
    fit of vowels to the sound falls from 0.71 to 0.43), a length mark's on the vowel before it.
    """
    edges_s = np.cumsum(utterance.units) * (UNIT_SAMPLES / RATE_HZ) - SOUND_LEAD_S
    edges_s = np.maximum(edges_s, 0.0)  # edges_s[i] is where symbol i starts
    sounding = _sounding(utterance.samples)
    timed: list[tuple[int, Phoneme]] = []
    marked_s: float | None = None
    for position, (symbol, owner) in enumerate(zip(symbols, owners, strict=True)):
        start_s, end_s = float(edges_s[position]), float(edges_s[position + 1])
        if symbol in STRESS:
            marked_s = start_s if marked_s is None else marked_s
        elif symbol == LENGTH and timed:
            timed[-1] = (timed[-1][0], replace(timed[-1][1], end_s=end_s))
        elif symbol in MISAKI_SOUNDS:
            start_s, marked_s = (start_s if marked_s is None else marked_s), None
            if _after_pause(symbols[:position]):
                floor_s = timed[-1][1].end_s if timed else 0.0
                start_s = _first_sound_s(sounding, max(floor_s, start_s - EARLY_S), start_s)
            if symbols[position + 1 : position + 2] in PAUSES:
                end_s = _last_sound_s(sounding, start_s, end_s)
            timed.append((owner, Phoneme(IPA_OF_MISAKI.get(symbol, symbol), start_s, end_s)))
    return timed


def _sounding(samples: Samples) -> NDArray[np.bool_]:
    """Say for each 5 ms whether the level is above SILENCE_DB of the loudest."""
    frames = samples[: len(samples) // LEVEL_HOP * LEVEL_HOP].reshape(-1, LEVEL_HOP)
    level = np.sqrt((frames**2).mean(axis=1))
    return np.asarray(level > level.max(initial=0.0) * 10 ** (SILENCE_DB / 20))


def _after_pause(before: str) -> bool:
    """Say whether the symbols before a phoneme end with a pause, or there are none."""
    return before.rstrip(STRESS + " ")[-1:] in PAUSES


def _first_sound_s(sounding: NDArray[np.bool_], earliest_s: float, start_s: float) -> float:
    """Return when a phoneme after a pause is first heard, if that is before its start."""
    hop_s = LEVEL_HOP / RATE_HZ
    first = round(earliest_s / hop_s)
    heard = np.flatnonzero(sounding[first : round(start_s / hop_s)])
    return min(start_s, max(earliest_s, (first + int(heard[0])) * hop_s)) if heard.size else start_s


def _last_sound_s(sounding: NDArray[np.bool_], start_s: float, end_s: float) -> float:
    """Return when a phoneme before a pause falls silent: one unit after its start at the least."""
    hop_s = LEVEL_HOP / RATE_HZ
    heard = np.flatnonzero(sounding[round(start_s / hop_s) : round(end_s / hop_s)])
    last_s = start_s + (float(heard[-1]) + 1) * hop_s if heard.size else start_s
    return min(end_s, max(last_s, start_s + UNIT_SAMPLES / RATE_HZ))
