"""What the words of the speech demand of the mouth, by visemes: classes of sounds that look alike.

Lips close on m, b and p, nearly close on f and v, are rounded for w, u and o, and rest in silence.
A regression on audio only approaches a closed or a rounded mouth, and viewers notice a lip sound
with open lips before anything else. The timings of our own speech are known, so all are imposed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import SpeechError
from mythmeter.faces.mesh import LIPS_INNER, MOUTH_LEFT, MOUTH_RIGHT
from mythmeter.lips.openness import Sounds

Array = NDArray[np.float64]
Span = tuple[float, float]
"""Start and end in seconds."""

BILABIALS, LABIODENTALS = frozenset("mbp"), frozenset("fv")
PLOSIVES = frozenset("bp")
ROUNDED = frozenset(("w", "u", "ɔ", "oʊ", "əʊ", "ɔɪ"))
NEARLY = 0.6
"""How far lips close on f and v: the lower one meets the teeth, not the upper lip."""
ROUNDING = 0.5
"""Share of the person's own narrowest mouths taken on in a rounded sound. Of 0, 0.3, 0.5 and 0.7 it
is best for the lips in either of two sentences of a GRID speaker: each chose it for the other."""
CLOSING_S = 0.06
"""Lips approach a closure, and leave it, over this time."""
LONGEST_CLOSURE_S = 0.1
"""Lips are shut no longer: a longer sound is a share of its word's time, or holds its release."""
BEFORE_BURST_S = 0.08
"""After a pause, lips are shut this long before b or p is heard: till then there is no sound."""
ROUNDING_S = 0.1
"""Lips are rounded, and widen again, over this time."""
SETTLE_S = 0.15
"""The mouth comes to rest over this time once a word has ended."""
PREPARE_S = 0.12
"""The mouth leaves its rest this long before a word is heard."""
SHORTEST_PAUSE_S = 0.24
"""Shorter gaps between words are spoken through."""
WIDTH_IN_CLOSURE = 0.3
"""Share of the resting width taken on in a closure: the rest belongs to the neighbouring sounds."""


NO_SPANS = np.zeros((0, 2))


@dataclass(frozen=True)
class SpeechTiming:
    """When words sound, when lips must be closed, nearly closed and rounded, and all sounds.

    Spans are (n, 2) arrays of start and end in seconds.
    """

    words: Array
    closures: Array
    near_closures: Array = field(default_factory=NO_SPANS.copy)
    roundings: Array = field(default_factory=NO_SPANS.copy)
    sounds: Sounds = field(default_factory=lambda: Sounds.of(()))


@dataclass(frozen=True)
class Articulation:
    """Demands on each output frame, (frames,) in 0..1: lips closed; mouth at rest; lips rounded."""

    closed: Array
    rest: Array
    rounded: Array

    def part(self, frames: slice) -> "Articulation":
        """The demands on some of the frames."""
        return Articulation(**{f.name: getattr(self, f.name)[frames] for f in fields(self)})


@dataclass(frozen=True)
class OwnShapes:
    """What the person's own mouth does, (p, 2): at rest, and at its narrowest."""

    rest: Array
    narrow: Array


def read_timing(path: Path) -> SpeechTiming:
    """Read the words and lip sounds of a `words.json`.

    Words without phonemes (timings of the words alone) give no closures.

    Raises:
        SpeechError: not such a file, or no word in it.
    """
    words: list[Span] = []
    sounds: list[tuple[str, Span]] = []
    try:
        for sentence in json.loads(path.read_text(encoding="utf-8"))["sentences"]:
            for word in sentence["words"]:
                if word["end_s"] > word["start_s"]:
                    words.append((word["start_s"], word["end_s"]))
                sounds += [
                    (sound["symbol"], (sound["start_s"], sound["end_s"]))
                    for sound in word["phonemes"]
                ]
    except (KeyError, TypeError, ValueError) as error:
        raise SpeechError(f"{path}: not the word timings of a speech ({error!r}).") from error
    if not words:
        raise SpeechError(f"{path}: holds no spoken word. Speak the script again.")
    starts = {start_s for start_s, _ in _merged(_spans(words))}
    return SpeechTiming(
        words=_spans(words),
        closures=_spans(
            (span[0] - BEFORE_BURST_S * (symbol in PLOSIVES and span[0] in starts), span[1])
            for symbol, span in sounds
            if symbol in BILABIALS
        ),
        near_closures=_spans(span for symbol, span in sounds if symbol in LABIODENTALS),
        roundings=_spans(span for symbol, span in sounds if symbol in ROUNDED),
        sounds=Sounds.of(sounds),
    )


def _spans(spans: Iterable[Span]) -> Array:
    return np.array(sorted(spans), np.float64).reshape(-1, 2)


def articulate(timing: SpeechTiming, times_s: Array, gaps: Array) -> Articulation:
    """Turn timings into demands.

    Args:
        times_s: (frames,) of the output frames.
        gaps: (frames,) how far the lips would be open there, by the sound alone; of a long sound
            its most closed part is closed.
    """
    return Articulation(
        closed=np.maximum(
            _closed(timing.closures, times_s, gaps),
            NEARLY * _closed(timing.near_closures, times_s, gaps),
        ),
        rest=_rest(timing.words, times_s),
        rounded=_within(timing.roundings, times_s, ROUNDING_S),
    )


def _closed(closures: Array, times_s: Array, gaps: Array) -> Array:
    """1 within a lip sound, falling to 0 around it; each sound closes at least one frame."""
    shut = [_shut(start_s, end_s, times_s, gaps) for start_s, end_s in closures]
    closed = _within(_spans(shut), times_s, CLOSING_S)
    for start_s, end_s in shut:
        # A short sound may fall between two frames of slow footage.
        middle_s = (start_s + end_s) / 2
        if len(times_s) and times_s[0] <= middle_s <= times_s[-1]:
            closed[int(np.abs(times_s - middle_s).argmin())] = 1.0
    return closed


def _shut(start_s: float, end_s: float, times_s: Array, gaps: Array) -> Span:
    """The part of a lip sound in which the lips are shut: where they would be least open."""
    spare_s = end_s - start_s - LONGEST_CLOSURE_S
    if spare_s <= 0 or not len(times_s):
        return start_s, end_s
    starts_s = start_s + spare_s * np.linspace(0, 1, 11)
    within_s = starts_s[:, None] + LONGEST_CLOSURE_S * np.linspace(0, 1, 5)
    least = float(starts_s[np.interp(within_s, times_s, gaps).mean(axis=1).argmin()])
    return least, least + LONGEST_CLOSURE_S


def _within(spans: Array, times_s: Array, ramp_s: float) -> Array:
    """1 within spans (n, 2), easing to 0 around them over `ramp_s`."""
    inside = np.zeros(len(times_s))
    for start_s, end_s in spans:
        outside_s = np.maximum(np.maximum(start_s - times_s, times_s - end_s), 0)
        inside = np.maximum(inside, _smooth_step(1 - outside_s / ramp_s))
    return inside


def _rest(words: Array, times_s: Array) -> Array:
    """1 where nobody speaks, with a ramp to it after a word and from it before the next."""
    rest = np.ones(len(times_s))
    for start_s, end_s in _merged(words):
        before = _smooth_step((start_s - times_s) / PREPARE_S)
        after = _smooth_step((times_s - end_s) / SETTLE_S)
        rest = np.minimum(rest, np.maximum(before, after))
    return rest


def _merged(words: Array) -> list[tuple[float, float]]:
    """Join words that are less than the shortest pause apart."""
    merged = [(float(words[0, 0]), float(words[0, 1]))]
    for start_s, end_s in words[1:]:
        if start_s - merged[-1][1] < SHORTEST_PAUSE_S:
            merged[-1] = (merged[-1][0], max(merged[-1][1], float(end_s)))
        else:
            merged.append((float(start_s), float(end_s)))
    return merged


def _smooth_step(ramp: Array) -> Array:
    """Cubic ease from 0 to 1 over 0..1."""
    inside = np.clip(ramp, 0, 1)
    return inside * inside * (3 - 2 * inside)


def impose(shapes: Array, demands: Articulation, own: OwnShapes, points: tuple[int, ...]) -> Array:
    """Give mouth shapes (t, p, 2) their roundings, closures and rests.

    Args:
        shapes: canonical x, y of the mouth's points.
        demands: of the same t frames.
        own: mouth of the person at rest and at its narrowest.
        points: mesh index of each of the p points.
    """
    rest = own.rest
    rounded = shapes + (own.narrow - shapes) * ROUNDING * demands.rounded[:, None, None]
    settled = rounded + (rest - rounded) * demands.rest[:, None, None]
    share = np.array([WIDTH_IN_CLOSURE, 1.0])
    closing = demands.closed[:, None, None] * share
    closed = settled + (rest - settled) * closing
    return _without_crossing(closed, points)


def _without_crossing(shapes: Array, points: tuple[int, ...]) -> Array:
    """Move inner lips apart where the lower one would lie above the upper one."""
    upper, lower = inner_pairs(points)
    crossing = np.maximum(shapes[:, upper, 1] - shapes[:, lower, 1], 0) / 2
    parted = shapes.copy()
    parted[:, upper, 1] -= crossing
    parted[:, lower, 1] += crossing
    return parted


def inner_pairs(points: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Rows of the upper inner lip and of the points below them, corner to corner."""
    row = {point: index for index, point in enumerate(points)}
    ring = LIPS_INNER
    upper = [row[point] for point in ring[1:10]]
    lower = [row[point] for point in ring[:10:-1]]
    return upper, lower


def width(shapes: Array, points: tuple[int, ...]) -> Array:
    """Distance (t,) between the corners of mouth shapes (t, p, 2), in canonical units."""
    right, left = points.index(MOUTH_RIGHT), points.index(MOUTH_LEFT)
    widths: Array = np.linalg.norm(shapes[:, left] - shapes[:, right], axis=1)
    return widths


def opening(shapes: Array, points: tuple[int, ...]) -> Array:
    """Mean distance (t,) between the inner lips of shapes (t, p, 2), in canonical units."""
    upper, lower = inner_pairs(points)
    gaps: Array = np.linalg.norm(shapes[:, lower] - shapes[:, upper], axis=2).mean(axis=1)
    return gaps
