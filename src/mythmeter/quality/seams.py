"""Whether the joins of a render's chunks show: the step at a join against the steps around it."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.media.decode import read_frames

NEIGHBOURS = 3
"""Steps before and after a join that it is compared with."""

METHOD = (
    "mean step from frame to frame at the joins of chunks over the mean of the three steps before "
    "and after each; controls: the same half-way between joins, and at key frames of the encoder "
    "where nothing was joined"
)


def seam_score(differences: Sequence[float] | NDArray[Any], joins: Sequence[int]) -> float | None:
    """Return how much larger the steps at joins are than those around them; 1: no seam.

    Args:
        differences: (frames - 1,) how much each frame differs from the next: entry k lies between
            frames k and k + 1. Any unit; see `frame_differences`.
        joins: first frames of the chunks after the first (see `joins_of`). Other joins are never
            among the neighbours of one.

    Returns:
        Mean step at the joins over the mean of their neighbours: a ratio of means, so that a join
        in a still moment, whose neighbours are all near zero, does not decide. None where there is
        no join with a neighbour, or nothing moves around any.

    Raises:
        ValueError: a join outside the video.
    """
    steps = np.asarray(differences, np.float64)
    places = np.asarray(sorted(set(joins)), np.int64) - 1
    if len(places) and not (places[0] >= 0 and places[-1] < len(steps)):
        raise ValueError(f"joins {list(joins)} do not lie inside {len(steps) + 1} frames")
    at_joins, around = [], []
    for place in places:
        near = np.arange(max(0, place - NEIGHBOURS), min(len(steps), place + NEIGHBOURS + 1))
        near = near[~np.isin(near, places)]
        if len(near):
            at_joins.append(steps[place])
            around.append(steps[near].mean())
    if not around or not np.sum(around) > 0:
        return None
    return float(np.sum(at_joins) / np.sum(around))


def joins_of(chunk: NDArray[np.integer]) -> list[int]:
    """Return the first frames of the chunks after the first.

    Args:
        chunk: (frames,) the chunk that made each frame: column `chunk` of the timeline.
    """
    return [int(place) + 1 for place in np.flatnonzero(np.diff(chunk))]


def between_joins(joins: Sequence[int], frames: int) -> list[int]:
    """Return frames half-way between joins (and the ends): where there is no seam, as a control."""
    edges = [0, *sorted(set(joins)), frames]
    middles = [(a + b) // 2 for a, b in itertools.pairwise(edges)]
    return [m for m in dict.fromkeys(middles) if 0 < m < frames and m not in edges]


def other_key_frames(joins: Sequence[int], key_frames: Sequence[int], frames: int) -> list[int]:
    """Return key frames where nothing was joined: in each chunk the one nearest its middle.

    A key frame takes the grain of still parts anew, so it makes a step of its own, joined or not.
    """
    others = sorted(set(key_frames) - set(joins) - {0})
    middles = between_joins(joins, frames)
    nearest = (min(others, key=lambda k: abs(k - middle)) for middle in middles if others)
    return list(dict.fromkeys(nearest))


def frame_differences(video: Path) -> NDArray[np.float64]:
    """Return (frames - 1,) the mean absolute difference of luma from each frame to the next."""
    steps = []
    before: NDArray[np.int16] | None = None
    for picture in read_frames(video, pixels="gray"):
        luma = picture.astype(np.int16)
        if before is not None:
            steps.append(float(np.abs(luma - before).mean()))
        before = luma
    return np.asarray(steps, np.float64)
