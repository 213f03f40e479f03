"""Flicker of a face: what is left of a frame when the next one is laid over it by optical flow.

The warping error of Lai et al. (Learning Blind Video Temporal Consistency, ECCV 2018), inside the
face alone: the next frame is warped back by the dense flow from this one, and compared where the
flow there and back agrees (the occlusion test of Ruder et al., 2016). Flow: OpenCV's DIS (Kroeger
et al., 2016), preset medium, of each video's own pictures. Reported is the root of the mean square,
in levels of 255, so that it reads as brightness.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mesh import LIPS
from mythmeter.media.decode import Frame
from mythmeter.quality.metric import Metric, not_measured

FACE_PX = 128
"""A larger face is reduced to this longer side first: flow costs by the pixel."""

FEWEST_PX = 24
"""A face below this side is too small for a patch of the flow."""

MARGIN = 0.1
"""Of the face's size, so that what moves in from its edge is in the picture."""

MOUTH_GROWN = 0.35
"""The mouth's region reaches so far beyond the lips, over their width."""

UNIT = "levels of 255"
METHOD = (
    "warp error (Lai et al. 2018): RMS difference of consecutive frames after optical flow "
    "(OpenCV DIS, medium), occlusions left out, inside the face at 128 px at most; {region}; "
    "control: the footage, same frames and same region"
)
REGIONS = {
    "warp_error": "the mouth left out, which speaks another text than the footage's",
    "warp_error_mouth": "the mouth alone, which moves more in speech than at rest",
}


@dataclass(frozen=True)
class WarpError:
    """Errors of one pair of frames, in levels of 255; NaN where nothing could be compared."""

    face: float
    """Inside the face, the mouth left out."""
    mouth: float


NOTHING = WarpError(float("nan"), float("nan"))


def warp_error(before: Frame, after: Frame, points: NDArray[Any]) -> WarpError:
    """Return the warp error between two consecutive frames inside a face.

    Args:
        before, after: pictures (h, w, 3) of one size.
        points: mesh (468, 2 or more) of the face in `before`.
    """
    box = _box(points, before.shape)
    if box is None:
        return NOTHING
    (rows, columns), scale = box
    one, other = (_reduced(frame[rows, columns], scale) for frame in (before, after))
    local = (np.asarray(points[:, :2], np.float64) - [columns.start, rows.start]) * scale
    error, seen = _laid_over(one, other)
    face, mouth = _regions(local, error.shape)
    return WarpError(_rms(error, seen & face & ~mouth), _rms(error, seen & mouth))


def flicker_metrics(
    render: Sequence[WarpError], untouched: Sequence[WarpError]
) -> dict[str, Metric]:
    """Mean warp error over the pairs, of the face and of its mouth; the two are parallel."""
    metrics = {}
    for name, region in REGIONS.items():
        part = "mouth" if name.endswith("mouth") else "face"
        pairs = np.array(
            [(getattr(a, part), getattr(b, part)) for a, b in zip(render, untouched, strict=True)],
            np.float64,
        ).reshape(-1, 2)
        usable = pairs[np.isfinite(pairs).all(axis=1)]
        method = METHOD.format(region=region)
        if not len(usable):
            reason = "no two frames in a row show a face that is large enough"
            metrics[name] = not_measured(UNIT, method, reason)
            continue
        ours, theirs = usable.mean(axis=0)
        metrics[name] = Metric(
            float(ours), UNIT, len(usable), method, {"untouched_footage": float(theirs)}
        )
    return metrics


def _box(points: NDArray[Any], shape: tuple[int, ...]) -> tuple[tuple[slice, slice], float] | None:
    """Rows and columns round the face inside the picture, and the scale to FACE_PX at most."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    reach = MARGIN * float((high - low).max())
    left, top = np.maximum(np.floor(low - reach), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high + reach), [shape[1], shape[0]]).astype(int)
    if min(right - left, bottom - top) < FEWEST_PX:
        return None
    scale = min(1.0, FACE_PX / max(right - left, bottom - top))
    if min(right - left, bottom - top) * scale < FEWEST_PX:
        return None
    return (slice(int(top), int(bottom)), slice(int(left), int(right))), scale


def _reduced(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1.0:
        return np.ascontiguousarray(picture)
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


@cache
def _flow() -> Any:
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)


def _laid_over(
    one: NDArray[np.uint8], other: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return (squared difference by pixel, where it counts) of `one` and `other` warped onto it."""
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (one, other)]
    there, back = _flow().calc(*grey, None), _flow().calc(*grey[::-1], None)
    height, width = grey[0].shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    at = x + there[..., 0], y + there[..., 1]
    warped = cv2.remap(other, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    returned = cv2.remap(back, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    apart = np.square(there + returned).sum(axis=2)
    allowed = 0.01 * (np.square(there).sum(axis=2) + np.square(returned).sum(axis=2)) + 0.5
    inside = (at[0] >= 0) & (at[0] <= width - 1) & (at[1] >= 0) & (at[1] <= height - 1)
    error = np.square(warped.astype(np.float32) - one.astype(np.float32)).mean(axis=2)
    return error, inside & (apart <= allowed)


def _regions(
    points: NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels inside the face, and those of the mouth."""
    lips = points[list(LIPS)]
    reach = max(1, round(MOUTH_GROWN * float(np.ptp(lips[:, 0]))))
    return _filled(points, shape, 0), _filled(lips, shape, reach)


def _filled(points: NDArray[np.float64], shape: tuple[int, ...], grown: int) -> NDArray[np.bool_]:
    region = np.zeros(shape[:2], np.uint8)
    hull = np.round(cv2.convexHull(np.float32(points))).astype(np.int32)
    cv2.fillConvexPoly(region, hull, 1)
    if grown:
        cv2.polylines(region, [hull], True, 1, 2 * grown)
    return region > 0


def _rms(squared: NDArray[np.float32], region: NDArray[np.bool_]) -> float:
    return float(np.sqrt(squared[region].mean())) if region.any() else float("nan")
