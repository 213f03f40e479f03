"""How much a face trembles from frame to frame."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import canonical_points
from mythmeter.faces.mesh import CANONICAL, EYE_LEFT_OUTER, EYE_RIGHT_OUTER, STABLE
from mythmeter.media.long_rows import BLOCK_ROWS, LongRows
from mythmeter.quality.metric import Metric, not_measured

Points = NDArray[np.float64] | LongRows
"""(frames, len(STABLE), 2) points in canonical coordinates; NaN where there is no face."""

METHOD = (
    "unsmoothed stable points in head coordinates, standard deviation of their second difference "
    "over √6 (noise of one frame)"
)
UNIT = "% of the distance between the eyes"

BETWEEN_EYES = float(np.linalg.norm(CANONICAL[EYE_LEFT_OUTER] - CANONICAL[EYE_RIGHT_OUTER]))


def stable_points(points: NDArray[Any] | None) -> NDArray[np.float64]:
    """Return the stable points of one frame (468, 2 or 3) in head coordinates; NaN for no face."""
    if points is None or not np.isfinite(points).all():
        return np.full((len(STABLE), 2), np.nan)
    return canonical_points(points)[list(STABLE)]


def no_points_yet() -> LongRows:
    """Where the stable points of a clip's frames are kept: half a kilobyte a frame, on disk."""
    return LongRows((len(STABLE), 2))


def jitter_percent(points: Points, numbers: NDArray[np.integer]) -> tuple[float, int]:
    """Return (jitter, triples of frames measured).

    Args:
        points: one entry a frame.
        numbers: frame numbers of the clip; only triples that run on by one, forwards or backwards,
            are measured, so that a loop's jump is no tremble.
    """
    step = np.diff(numbers)
    running = (step[1:] == step[:-1]) & (np.abs(step[1:]) == 1)
    triples, values, total, squares = 0, 0, 0.0, 0.0
    for start in range(0, len(running), BLOCK_ROWS):
        block = points[start : start + BLOCK_ROWS + 2]
        second = block[2:] - 2 * block[1:-1] + block[:-2]
        usable = second[running[start : start + len(second)] & np.isfinite(second).all(axis=(1, 2))]
        triples, values = triples + len(usable), values + usable.size
        total, squares = total + float(usable.sum()), squares + float(np.square(usable).sum())
    if not triples:
        return float("nan"), 0
    noise = np.sqrt(max(0.0, squares / values - (total / values) ** 2)) / np.sqrt(6)
    return float(100 * noise / BETWEEN_EYES), triples


def jitter_metric(render: Points, target: Points, target_numbers: NDArray[np.integer]) -> Metric:
    """Jitter of the render, against the untouched target over the same frames."""
    value, triples = jitter_percent(render, target_numbers)
    if not triples:
        return not_measured(UNIT, METHOD, "no three frames in a row show a face")
    untouched, _ = jitter_percent(target, target_numbers)
    return Metric(value, UNIT, triples, METHOD, {"untouched_footage": untouched})
