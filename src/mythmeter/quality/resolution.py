"""How fine the face of a render is, beside the original's: not its size, but what is in it.

A face may be drawn at 96 px and pasted into a close-up: its pixels are many, its detail is not.
So the footage's face is reduced step by step and enlarged again; the size at which it has as little
fine detail left as the render's is the size that the render's is worth. Fine detail is the RMS of
what a picture loses when it is halved and enlarged: its highest octave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mesh import OVAL
from mythmeter.media.decode import Frame
from mythmeter.quality.metric import Metric, not_measured

STEPS = tuple(float(2 ** (-k / 4)) for k in range(13))
"""Sizes of the reduced footage over its own, from 1 down to an eighth."""

AROUND = 0.5
"""Of the face's size, on each side: there lies the picture that nobody touched."""

FEWEST_PX = 16
UNIT = "px across the face"
METHOD = (
    "width at which the footage's face, reduced and enlarged again, has as little in its highest "
    "octave (RMS of what halving loses) as the render's; mean over sampled frames; controls: "
    "width of the footage's face in pixels, and what the same measure says of the picture around "
    "the face, which only watermark and encoder touched"
)


@dataclass(frozen=True)
class Detail:
    """Mean squares of the highest octave in one frame, in levels of 255 squared."""

    width_px: float
    """Of the footage's face."""
    face: NDArray[np.float64]
    """(1 + len(STEPS),): the render's, then the footage's at each step."""
    around: NDArray[np.float64]
    """The same beyond the face; NaN where there is no such picture."""


def detail(
    render: Frame, untouched: Frame, points: NDArray[Any], outside: NDArray[np.bool_]
) -> Detail | None:
    """Measure one frame; None for a face too small to be reduced.

    Args:
        render, untouched: pictures (h, w, 3) of one size.
        points: mesh (468, 2 or more) of the footage's face.
        outside: (h, w), true where nothing was replaced.
    """
    outline = np.asarray(points, np.float32)[list(OVAL), :2]
    low, high = outline.min(axis=0), outline.max(axis=0)
    width, height = (float(side) for side in high - low)
    if min(width, height) < FEWEST_PX:
        return None
    left, top = np.maximum(low - AROUND * (high - low), 0).astype(int)
    right, bottom = (high + AROUND * (high - low)).astype(int)
    part = slice(top, bottom), slice(left, right)
    grey = [cv2.cvtColor(frame[part], cv2.COLOR_RGB2GRAY) for frame in (render, untouched)]
    inside = np.zeros(grey[0].shape, np.uint8)
    cv2.fillConvexPoly(inside, np.round(outline - [left, top]).astype(np.int32), 1)
    # The mask's own soft edge belongs to neither.
    inside = cv2.erode(inside, np.ones((3, 3), np.uint8), iterations=max(1, round(width * 0.05)))
    regions = inside > 0, outside[part]
    octaves = [_highest_octave(grey[0])]
    octaves += [_highest_octave(_as_if(grey[1], step)) for step in STEPS]
    face, around = (
        np.array([octave[region].mean() if region.any() else np.nan for octave in octaves])
        for region in regions
    )
    return Detail(width, face, around)


def resolution_metric(measured: Sequence[Detail | None]) -> dict[str, Metric]:
    """What the render's face is worth in pixels, beside the footage's."""
    usable = [one for one in measured if one is not None and np.isfinite(one.face).all()]
    if not usable:
        reason = f"no sampled frame shows a face of {FEWEST_PX} px"
        return {"face_resolution": not_measured(UNIT, METHOD, reason)}
    width = float(np.mean([one.width_px for one in usable]))
    face = worth(np.mean([one.face for one in usable], axis=0))
    beyond = [one.around for one in usable if np.isfinite(one.around).all()]
    around = width * worth(np.mean(beyond, axis=0)) if beyond else None
    controls = {"untouched_footage": width, "picture_around_the_face": around}
    return {"face_resolution": Metric(width * face, UNIT, len(usable), METHOD, controls)}


def worth(squares: NDArray[np.float64]) -> float:
    """Return the step at which the footage has the render's detail, between the steps measured.

    Args:
        squares: (1 + len(STEPS),), the render's mean square, then the footage's at each step.

    Returns:
        1 where the render has no less than the footage itself; at least the smallest step.
    """
    footage = np.minimum.accumulate(squares[1:])
    # Detail rises with the step; np.interp wants it rising.
    return float(np.interp(squares[0], footage[::-1], STEPS[::-1]))


def _as_if(grey: NDArray[np.uint8], step: float) -> NDArray[np.uint8]:
    """The picture as one of `step` times its size would look when enlarged."""
    if step == 1.0:
        return grey
    height, width = grey.shape
    size = max(2, round(width * step)), max(2, round(height * step))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _highest_octave(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Squared difference of a picture to itself halved and enlarged."""
    lost = grey.astype(np.float32) - _as_if(grey, 0.5).astype(np.float32)
    return np.square(lost)
