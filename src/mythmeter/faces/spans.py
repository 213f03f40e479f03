"""Unbroken stretches of one face: numbered, and smoothed each by itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.follow import jumped
from mythmeter.faces.landmarks.protocol import Observation
from mythmeter.faces.smooth import AdaptiveSmoother


@dataclass(frozen=True)
class TrackedFrame:
    """One frame: what was observed and, where there is a face, its smoothed points."""

    observation: Observation
    points: NDArray[np.float64] | None
    """(468, 3) smoothed; None where there is no face."""


def number_spans(
    rows: NDArray[np.int64], boxes: NDArray[np.float32], breaks: set[int]
) -> NDArray[np.int32]:
    """Number the unbroken stretches of the target's face, -1 where it is absent.

    Args:
        rows: (frames,) row of the sighting of each frame, -1 for none.
        boxes: (sightings, 4).
        breaks: frames that begin a new shot or another person's place.
    """
    span, current = np.full(len(rows), -1, np.int32), -1
    for number, row in enumerate(rows):
        if row < 0:
            continue
        before = rows[number - 1] if number else -1
        if before < 0 or number in breaks or _far(boxes[before], boxes[row]):
            current += 1
        span[number] = current
    return span


def _far(before: NDArray[np.float32], after: NDArray[np.float32]) -> bool:
    """Whether two boxes are too far apart for neighbouring frames of one face: see `jumped`."""
    corners = np.array([[b[[0, 1]], b[[2, 3]]] for b in (before, after)])
    size = float((corners[0, 1] - corners[0, 0]).max())
    return bool(np.abs(corners[1].mean(axis=0) - corners[0].mean(axis=0)).max() > 0.5 * size)


def smooth_spans(
    observations: Iterable[Observation], window: int, breaks: set[int] | None = None
) -> Iterator[TrackedFrame]:
    """Smooth within spans of one continuous face, never across a gap or a cut.

    Holds at most a long window of frames. `breaks` are numbers of observations that begin anew.
    """
    smoother = AdaptiveSmoother(window)
    waiting: list[Observation] = []
    last: Observation | None = None

    def finished(smoothed: Iterable[NDArray[Any]]) -> Iterator[TrackedFrame]:
        for points in smoothed:
            yield TrackedFrame(waiting.pop(0), points)

    for number, seen in enumerate(observations):
        if last is not None and last.points is not None:
            ends = seen.points is None or number in (breaks or set())
            if ends or jumped(last.points, seen.points):
                yield from finished(smoother.flush())
        if seen.points is None:
            yield TrackedFrame(seen, None)
        else:
            waiting.append(seen)
            yield from finished(smoother.push(seen.points))
        last = seen
    yield from finished(smoother.flush())
