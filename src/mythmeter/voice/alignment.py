"""Words and phonemes found in speech whose synthesiser does not say when they are heard."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from mythmeter.media.audio import Samples, resample
from mythmeter.voice.activity import FRAME_S, HANGOVER_FRAMES, sounding_frames
from mythmeter.voice.phonemes import (
    IPA_OF_MISAKI,
    LENGTH,
    MISAKI_SOUNDS,
    EnglishPronouncer,
)
from mythmeter.voice.speech import Phoneme, Sentence, Speech, Word
from mythmeter.voice.transcribe import LANGUAGE, LONGEST_S, RATE_HZ, Transcriber

SHORT_SOUNDS = frozenset("əɐᵊɪᵻɾlɹjwh")
LONG_SOUNDS = frozenset("AIOQWYɑɔuiɜaæʃsʧʤ")
SHORT, USUAL, LONG, LENGTHENED = 0.7, 1.0, 1.5, 0.4
"""How long sounds are against each other in a word, roughly (Klatt, JASA 59, 1976)."""

LATE_S = 0.09
"""The decoder's attention follows the sound by this much: median over 241 words and 880 phonemes of
19 sentences whose times are known (0.07 at the start of words, 0.11 at their end)."""

Span = tuple[float, float]


class Aligner:
    """Gives every word of a sentence its time, and in English every phoneme.

    English words are found by Whisper, phonemes shared out inside them by their usual lengths. In
    other languages words are shared out over the sound by their letters, without phonemes: the lips
    then follow the sound alone.
    """

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self._pronouncers: dict[bool, EnglishPronouncer] = {}

    def align(self, speech: Speech, language: str) -> Speech:
        """Return the speech, of one sentence, with the times of its words."""
        (sentence,) = speech.sentences
        samples = resample(speech.samples, speech.rate_hz, RATE_HZ)
        words = sentence.text.split()
        english = language.split("-")[0].lower() == LANGUAGE
        if english and len(samples) <= LONGEST_S * RATE_HZ:
            spans = _within_sound(self._transcriber.find(samples, words), samples)
        else:
            spans = _by_letters(words, samples)
        symbols = self._symbols(sentence.text, language) if english else [""] * len(words)
        timed = tuple(
            Word(text, start_s, end_s, _phonemes(said, start_s, end_s))
            for text, said, (start_s, end_s) in zip(words, symbols, spans, strict=True)
        )
        whole = Sentence(sentence.text, timed[0].start_s, timed[-1].end_s, timed)
        return Speech(speech.samples, speech.rate_hz, (whole,))

    def _symbols(self, text: str, language: str) -> list[str]:
        british = language.lower() == "en-gb"
        if british not in self._pronouncers:
            self._pronouncers[british] = EnglishPronouncer(british)
        return [word.symbols for word in self._pronouncers[british].pronounce(text)]


def _sound_edges(samples_16k: Samples) -> Span:
    """Return where the sound starts and ends."""
    frames = np.flatnonzero(sounding_frames(samples_16k, RATE_HZ))
    if not len(frames):
        return 0.0, len(samples_16k) / RATE_HZ
    first, last = frames[0], frames[-1] + 1
    first += HANGOVER_FRAMES if first else 0
    return float(first * FRAME_S), float(max(first + 1, last - HANGOVER_FRAMES) * FRAME_S)


def _within_sound(spans: Sequence[Span], samples_16k: Samples) -> list[Span]:
    """Keep words inside the sound, and let none reach over a pause behind it."""
    first_s, last_s = _sound_edges(samples_16k)
    sounding = sounding_frames(samples_16k, RATE_HZ)
    kept = []
    for start_s, end_s in spans:
        start_s, end_s = (min(max(t - LATE_S, first_s), last_s) for t in (start_s, end_s))
        window = sounding[int(start_s / FRAME_S) : max(1, round(end_s / FRAME_S))]
        quiet = np.flatnonzero(~window)
        if len(quiet) and quiet[0] > HANGOVER_FRAMES:
            end_s = start_s + float(quiet[0] - HANGOVER_FRAMES) * FRAME_S
        kept.append((start_s, max(start_s, end_s)))
    return kept


def _by_letters(words: Sequence[str], samples_16k: Samples) -> list[Span]:
    """Share the sounding frames out by the lengths of the words."""
    frames = np.flatnonzero(sounding_frames(samples_16k, RATE_HZ))
    if not len(frames):
        frames = np.arange(max(1, round(len(samples_16k) / RATE_HZ / FRAME_S)))
    shares = np.cumsum([0, *(len(word) + 1 for word in words)]).astype(float)
    edges = np.minimum(shares / shares[-1] * len(frames), len(frames) - 1)
    times_s = frames[edges.astype(int)] * FRAME_S
    return [(float(a), float(b)) for a, b in pairwise(times_s)]


def _phonemes(symbols: str, start_s: float, end_s: float) -> tuple[Phoneme, ...]:
    """Share the time of a word out to its sounds."""
    sounds: list[str] = []
    weights: list[float] = []
    for symbol in symbols:
        if symbol in MISAKI_SOUNDS:
            sounds.append(IPA_OF_MISAKI.get(symbol, symbol))
            long = LONG if symbol in LONG_SOUNDS else USUAL
            weights.append(SHORT if symbol in SHORT_SOUNDS else long)
        elif symbol == LENGTH and weights:
            weights[-1] += LENGTHENED
    edges_s = start_s + np.cumsum([0.0, *weights]) / max(sum(weights), 1e-9) * (end_s - start_s)
    return tuple(
        Phoneme(sound, float(a), float(b))
        for sound, (a, b) in zip(sounds, pairwise(edges_s), strict=True)
    )
