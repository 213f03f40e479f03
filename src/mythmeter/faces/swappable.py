"""Which frames of the target's face can be replaced; the others pass through untouched."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.follow import overlap

MAX_PITCH_DEG: Final = 40.0
HYSTERESIS_DEG: Final = 5.0
"""A face that was too far turned must come back by this much."""
MIN_SHARPNESS: Final = 0.35
"""Of the median of the clip's own sharpness; below it a face is blurred."""
MIN_IN_PICTURE: Final = 0.6
"""Share of the face's box that lies inside the picture."""
OVERLAPPING: Final = 0.1
"""Intersection over union of two faces from which one hides the other."""
FADE_FRAMES: Final = 4
"""Over so many frames the swap appears and disappears beside frames that are not swappable."""
MIN_RUN_FRAMES: Final = 5
"""Shorter stretches between two that are not swappable are not swapped either."""


@dataclass(frozen=True)
class Swappable:
    """One entry a frame of the clip."""

    reason: list[str | None]
    """Why a face that is there is not replaced; None where it is, or where there is none."""
    opacity: NDArray[np.float32]
    """0 where the picture stays as it is, 1 where the swap covers the face."""


def judge(
    rows: NDArray[np.int64],
    span: NDArray[np.int32],
    index: NDArray[Any],
    size: tuple[int, int],
    max_turn_deg: float,
) -> Swappable:
    """Judge each frame.

    Args:
        rows: (frames,) row of the target's sighting, -1 where there is none.
        span: (frames,) number of the unbroken stretch, -1 where the face is absent.
        index: of `Sightings`.
        size: (width, height) of the picture.
        max_turn_deg: largest yaw at which a face is still replaced.
    """
    present = rows >= 0
    usual = float(np.median(index["sharpness"][rows[present]])) if present.any() else 0.0
    reasons: list[str | None] = [None] * len(rows)
    turned_before, seen_with = False, _FrameMates(index)
    for frame, row in enumerate(rows):
        if row < 0:
            turned_before = False
            continue
        sighting = index[row]
        slack = HYSTERESIS_DEG if turned_before else 0.0
        yaw, pitch = float(sighting["yaw_deg"]), float(sighting["pitch_deg"])
        turned_before = abs(yaw) > max_turn_deg - slack or abs(pitch) > MAX_PITCH_DEG - slack
        if turned_before:
            reasons[frame] = f"turned too far (yaw {yaw:.0f}°, pitch {pitch:.0f}°)"
        elif sighting["sharpness"] < MIN_SHARPNESS * usual:
            reasons[frame] = "blurred"
        elif _behind(index[row], seen_with.of(row)):
            reasons[frame] = "behind another face"
        elif _inside(sighting["box"], size) < MIN_IN_PICTURE:
            reasons[frame] = "leaves the picture"
    for start, stop in _runs(span):
        _drop_short(reasons, start, stop)
    opacity = np.array([r is None for r in reasons], np.float32) * present
    for start, stop in _runs(span):
        opacity[start:stop] = _faded(opacity[start:stop])
    return Swappable(reasons, opacity)


class _FrameMates:
    """All sightings of the frame of one, without a look at every other frame."""

    def __init__(self, index: NDArray[Any]) -> None:
        self._index = index
        self._order = np.argsort(index["frame"], kind="stable")
        self._frames = index["frame"][self._order]

    def of(self, row: int) -> NDArray[Any]:
        """Return the entries of the frame of a row, its own among them."""
        frame = self._index["frame"][row]
        first, stop = (np.searchsorted(self._frames, frame, side) for side in ("left", "right"))
        mates: NDArray[Any] = self._index[self._order[first:stop]]
        return mates


def _behind(own: Any, mates: NDArray[Any]) -> bool:
    """Whether another face of the frame overlaps this one and is seen better."""
    return any(
        overlap(own["box"], other["box"]) > OVERLAPPING and other["score"] > own["score"]
        for other in mates[mates["tracklet"] != own["tracklet"]]
    )


def _inside(box: NDArray[np.float32], size: tuple[int, int]) -> float:
    width, height = np.maximum(box[2:] - box[:2], 1e-6)
    shown = np.clip(np.minimum(box[2:], size) - np.maximum(box[:2], 0), 0, None)
    return float(shown.prod() / (width * height))


def _runs(values: NDArray[np.int32]) -> list[tuple[int, int]]:
    """(start, stop) of each stretch of one value, those of -1 left out."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return [(a, b) for a, b in pairwise(edges) if b > a and values[a] >= 0]


def _drop_short(reasons: list[str | None], start: int, stop: int) -> None:
    fine = np.array([r is None for r in reasons[start:stop]], np.int32)
    edges = [0, *(np.flatnonzero(np.diff(fine)) + 1).tolist(), stop - start]
    for a, b in pairwise(edges):
        if fine[a] and a > 0 and b < stop - start and b - a < MIN_RUN_FRAMES:
            reasons[start + a : start + b] = ["too short between frames that are not swapped"] * (
                b - a
            )


def _faded(visible: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ramps inside the swapped stretches, so that untouched frames stay untouched."""
    hidden = np.flatnonzero(visible == 0)
    if not len(hidden):
        return visible
    numbers = np.arange(len(visible))
    after = np.searchsorted(hidden, numbers)
    before, behind = hidden[np.maximum(after - 1, 0)], hidden[np.minimum(after, len(hidden) - 1)]
    away = np.minimum(np.abs(numbers - before), np.abs(numbers - behind))
    return np.clip(away / (FADE_FRAMES + 1), 0, 1).astype(np.float32)
