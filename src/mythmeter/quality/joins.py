"""The joins of a render's chunks, looked at in the finished file beside the footage."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.media.decode import Frame
from mythmeter.quality.metric import Metric, not_measured
from mythmeter.quality.seams import (
    METHOD,
    NEIGHBOURS,
    between_joins,
    joins_of,
    other_key_frames,
    seam_score,
)

UNIT = "ratio"
STILL = 0.1
"""A step below this share of those around it is a frame shown twice."""

REPEATED_METHOD = (
    f"joins whose step is under {STILL:g} of the mean of the {NEIGHBOURS} steps before and after: "
    "a frame shown twice, which a seam score takes for no seam"
)


class JoinSteps:
    """Mean absolute difference of luma from frame to frame, round the joins and half-way between.

    Elsewhere nothing is measured, so that a long render costs no more for it.
    """

    def __init__(self, chunk: NDArray[np.integer], group: NDArray[np.integer]) -> None:
        """Say where to look.

        Args:
            chunk: (frames,) the chunk that made each frame: column `chunk` of the timeline.
            group: (frames,) its group of pictures, which begins with a key frame: column `group`.
        """
        self.joins = joins_of(chunk)
        self.between = between_joins(self.joins, len(chunk)) if self.joins else []
        self.key_frames = (
            other_key_frames(self.joins, joins_of(group), len(chunk)) if self.joins else []
        )
        self.render = np.full(max(0, len(chunk) - 1), np.nan)
        """(frames - 1,): entry k lies between frames k and k + 1; NaN: not measured."""
        self.untouched = self.render.copy()
        reach = range(-NEIGHBOURS - 1, NEIGHBOURS + 1)
        places = (*self.joins, *self.between, *self.key_frames)
        self._steps = {place + r for place in places for r in reach}
        self._before: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None

    def look(self, number: int, render: Frame, untouched: Frame) -> None:
        """Take the next frame of both, in order."""
        if not {number - 1, number} & self._steps:
            self._before = None
            return
        luma = _luma(render), _luma(untouched)
        if self._before is not None:
            self.render[number - 1] = _step(self._before[0], luma[0])
            self.untouched[number - 1] = _step(self._before[1], luma[1])
        self._before = luma


def join_metrics(steps: JoinSteps) -> dict[str, Metric]:
    """Seam score, and frames shown twice at joins, beside the footage's over the same frames."""
    joins = steps.joins
    score = seam_score(steps.render, joins) if joins else None
    if score is None:
        reason = (
            "nothing moves around the joins" if joins else "made in one chunk: there is no join"
        )
        return {
            "seam_score": not_measured(UNIT, METHOD, reason),
            "frames_repeated_at_joins": not_measured("joins", REPEATED_METHOD, reason),
        }
    return {
        "seam_score": Metric(
            score,
            UNIT,
            len(joins),
            METHOD,
            {
                "between_joins": seam_score(steps.render, steps.between),
                "other_key_frames": seam_score(steps.render, steps.key_frames),
                "untouched_footage": seam_score(steps.untouched, joins),
            },
        ),
        "frames_repeated_at_joins": Metric(
            _still(steps.render, joins),
            "joins",
            len(joins),
            REPEATED_METHOD,
            {"untouched_footage": _still(steps.untouched, joins)},
        ),
    }


def join_rows(steps: JoinSteps) -> list[dict[str, Any]]:
    """Return a row a join: its first frame, its own score, and the footage's."""
    return [
        {
            "frame": join,
            "score": seam_score(steps.render, [join]),
            "untouched_footage": seam_score(steps.untouched, [join]),
        }
        for join in steps.joins
    ]


def _still(steps: NDArray[np.float64], joins: Sequence[int]) -> float:
    scores = [seam_score(steps, [join]) for join in joins]
    return float(sum(score is not None and score < STILL for score in scores))


def _luma(frame: Frame) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)


def _step(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    return float(cv2.absdiff(before, after).mean())
