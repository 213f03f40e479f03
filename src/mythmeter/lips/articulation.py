"""What the words of the speech demand of the mouth: lips closed on m, b, p; rest in silence.

A regression on audio only approaches a closed mouth, and viewers notice a lip sound with open lips
before anything else. The timings of our own speech are known, so both are imposed.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import SpeechError
from mythmeter.faces.mesh import LIPS_INNER

Array = NDArray[np.float64]

BILABIALS = frozenset("mbp")
CLOSING_S = 0.06
"""Lips approach a closure, and leave it, over this time."""
SETTLE_S = 0.15
"""The mouth comes to rest over this time once a word has ended."""
PREPARE_S = 0.12
"""The mouth leaves its rest this long before a word is heard."""
SHORTEST_PAUSE_S = 0.24
"""Shorter gaps between words are spoken through."""
WIDTH_IN_CLOSURE = 0.3
"""Share of the resting width taken on in a closure: the rest belongs to the neighbouring sounds."""


@dataclass(frozen=True)
class SpeechTiming:
    """When words sound and when lips must be closed: (n, 2) arrays of start and end in seconds."""

    words: Array
    closures: Array


@dataclass(frozen=True)
class Articulation:
    """Demands on each output frame, (frames,) in 0..1: lips closed; mouth at rest."""

    closed: Array
    rest: Array

    def part(self, frames: slice) -> "Articulation":
        """The demands on some of the frames."""
        return Articulation(**{f.name: getattr(self, f.name)[frames] for f in fields(self)})


def read_timing(path: Path) -> SpeechTiming:
    """Read the words and lip sounds of a `words.json`.

    Words without phonemes (timings of the words alone) give no closures.

    Raises:
        SpeechError: not such a file, or no word in it.
    """
    words: list[tuple[float, float]] = []
    closures: list[tuple[float, float]] = []
    try:
        for sentence in json.loads(path.read_text(encoding="utf-8"))["sentences"]:
            for word in sentence["words"]:
                if word["end_s"] > word["start_s"]:
                    words.append((word["start_s"], word["end_s"]))
                closures += [
                    (sound["start_s"], sound["end_s"])
                    for sound in word["phonemes"]
                    if sound["symbol"] in BILABIALS
                ]
    except (KeyError, TypeError, ValueError) as error:
        raise SpeechError(f"{path}: not the word timings of a speech ({error!r}).") from error
    if not words:
        raise SpeechError(f"{path}: holds no spoken word. Speak the script again.")
    return SpeechTiming(
        np.array(sorted(words), np.float64).reshape(-1, 2),
        np.array(sorted(closures), np.float64).reshape(-1, 2),
    )


def articulate(timing: SpeechTiming, times_s: Array) -> Articulation:
    """Turn timings into demands at the times (frames,) of the output frames."""
    return Articulation(_closed(timing.closures, times_s), _rest(timing.words, times_s))


def _closed(closures: Array, times_s: Array) -> Array:
    """1 within a lip sound, falling to 0 around it; each sound closes at least one frame."""
    closed = np.zeros(len(times_s))
    for start_s, end_s in closures:
        outside_s = np.maximum(np.maximum(start_s - times_s, times_s - end_s), 0)
        closed = np.maximum(closed, _smooth_step(1 - outside_s / CLOSING_S))
        # A short sound may fall between two frames of slow footage.
        middle_s = (start_s + end_s) / 2
        if len(times_s) and times_s[0] <= middle_s <= times_s[-1]:
            closed[int(np.abs(times_s - middle_s).argmin())] = 1.0
    return closed


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


def impose(shapes: Array, demands: Articulation, rest: Array, points: tuple[int, ...]) -> Array:
    """Give mouth shapes (t, p, 2) their closures and rests.

    Args:
        shapes: canonical x, y of the mouth's points.
        demands: of the same t frames.
        rest: (p, 2) the person's own closed mouth at rest.
        points: mesh index of each of the p points.
    """
    resting = demands.rest[:, None, None]
    settled = shapes + (rest - shapes) * resting
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


def opening(shapes: Array, points: tuple[int, ...]) -> Array:
    """Mean distance (t,) between the inner lips of shapes (t, p, 2), in canonical units."""
    upper, lower = inner_pairs(points)
    gaps: Array = np.linalg.norm(shapes[:, lower] - shapes[:, upper], axis=2).mean(axis=1)
    return gaps
