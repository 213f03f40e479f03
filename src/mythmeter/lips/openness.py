"""How far the sounds of the speech open the mouth: what is known of any voice.

A regression learns how one voice goes with one mouth. The speech is spoken by a clone, from other
sentences, and of a few seconds of footage the regression knows little; but which sounds are spoken,
and when, is known, and an open vowel opens every mouth.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Array = NDArray[np.float64]

OPENNESS: dict[str, float] = {
    **dict.fromkeys(("a", "æ", "ɑ", "aɪ", "aʊ"), 1.0),
    **dict.fromkeys(("ɐ", "ɒ"), 0.8),
    **dict.fromkeys(("ʌ", "ɔ", "ɔɪ", "ɛ"), 0.7),
    **dict.fromkeys(("eɪ", "oʊ", "əʊ"), 0.6),
    **dict.fromkeys(("ə", "ɜ", "h"), 0.45),
    **dict.fromkeys(("ɪ", "l"), 0.4),
    **dict.fromkeys(("i", "ʊ", "ɹ", "k", "ɡ", "ŋ"), 0.35),
    **dict.fromkeys(("n", "θ", "ð", "j", "ɾ"), 0.3),
    **dict.fromkeys(("u", "t", "d", "ʃ", "ʒ", "tʃ", "dʒ"), 0.25),
    **dict.fromkeys(("s", "z"), 0.2),
    "w": 0.15,
    **dict.fromkeys(("f", "v"), 0.1),
    **dict.fromkeys(("m", "b", "p"), 0.0),
}
"""0 closed, 1 as open as speech gets. Our own figures, not measured ones: vowels follow their
height in the IPA's chart, consonants roughly how far the jaw comes up for them."""
BLUR_S = 0.045
"""Standard deviation: sounds that follow one another share their mouths."""
GRID_HZ = 200
REACH_S = 0.2
AMPLITUDE_PER_GAIN = 2 / 3
"""Spread of the openings of speech over that of the person's own, with `gain` 1: a mouth that moves
as much as hers, but not always when hers would, is further from it than one that moves less."""
SPOKEN = 0.5
"""A frame counts as speech where its sound is known so far."""
LEAST_FRAMES = 10
"""Of speech, below which nothing is said about its spread."""


@dataclass(frozen=True)
class Sounds:
    """Sounds whose opening is known, in the order of the speech.

    Attributes:
        spans: (n, 2) start and end in seconds.
        openness: (n,) 0..1.
    """

    spans: Array
    openness: Array

    @classmethod
    def of(cls, sounds: Iterable[tuple[str, tuple[float, float]]]) -> Self:
        """Keep the sounds (symbol, (start_s, end_s)) that the table holds."""
        known = sorted((span, OPENNESS[symbol]) for symbol, span in sounds if symbol in OPENNESS)
        spans = np.array([span for span, _ in known], np.float64).reshape(-1, 2)
        return cls(spans, np.array([openness for _, openness in known], np.float64))

    def at(self, times_s: Array) -> tuple[Array, Array]:
        """Return the openness (t,) at rising times, and how far it is known, 0..1 (t,)."""
        begin, end = float(times_s[0]) - REACH_S, float(times_s[-1]) + REACH_S
        first = int(np.searchsorted(self.spans[:, 1], begin))
        last = int(np.searchsorted(self.spans[:, 0], end))
        # At multiples of its step, so that a speech is the same in whatever pieces it is asked for.
        grid_s = np.arange(np.floor(begin * GRID_HZ), np.ceil(end * GRID_HZ) + 1) / GRID_HZ
        known, level = np.zeros_like(grid_s), np.zeros_like(grid_s)
        for (start_s, end_s), openness in zip(
            self.spans[first:last], self.openness[first:last], strict=True
        ):
            within = slice(*np.searchsorted(grid_s, (start_s, end_s)))
            known[within], level[within] = 1, openness
        known, level = (gaussian_filter1d(each, BLUR_S * GRID_HZ) for each in (known, level))
        level = level / np.maximum(known, 1e-9)
        return np.interp(times_s, grid_s, level), np.interp(times_s, grid_s, known)


@dataclass(frozen=True)
class OwnOpening:
    """How the person's mouth opens in speech.

    Attributes:
        mean, deviation: of its openings, in canonical units.
        shape: (p, 2) how the mouth's shape changes with its opening.
    """

    mean: float
    deviation: float
    shape: Array

    @classmethod
    def fit(cls, mouths: Array, openings: Array) -> Self:
        """Fit to mouths (n, p, 2) of someone who speaks, and their openings (n,)."""
        apart = openings - openings.mean()
        slope = np.tensordot(apart, mouths - mouths.mean(axis=0), 1) / max(apart @ apart, 1e-12)
        return cls(float(openings.mean()), float(openings.std()), slope)

    def change(self, heard: Array, sounds: tuple[Array, Array], mix: float, gain: float) -> Array:
        """Return how much further (t,) the mouth should open than what is heard says.

        Args:
            heard: (t,) openings by what is heard.
            sounds: openness of the sounds that are spoken, and how far they are known, each (t,).
            mix: share of the sounds' openness in the course of the opening, 0..1.
            gain: of the whole course.
        """
        openness, known = sounds
        spoken = known > SPOKEN
        if spoken.sum() < LEAST_FRAMES:
            return np.zeros(len(heard))
        course = (1 - mix) * _scaled(heard, spoken) + mix * _scaled(openness, spoken)
        spread = AMPLITUDE_PER_GAIN * gain * self.deviation
        change: Array = known * (self.mean + spread * _scaled(course, spoken) - heard)
        return change

    def opened(self, mouths: Array, change: Array) -> Array:
        """Return mouths (t, p, 2) that are open so much further (t,)."""
        return mouths + change[:, None, None] * self.shape


def _scaled(course: Array, spoken: NDArray[np.bool_]) -> Array:
    """A course (t,) less its mean in speech, over its spread there."""
    scaled: Array = (course - course[spoken].mean()) / max(float(course[spoken].std()), 1e-9)
    return scaled
