"""What changed where nothing should have: the picture beyond the face and the label."""

import tempfile
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.media.decode import Frame, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.quality.metric import Metric, not_measured

GROWN = 0.15
"""How far beyond the face counts as face, over its height: the composite blends that far."""

CONTROL_FRAMES = 24

METHOD = (
    "RGB difference of sampled frames to the untouched footage, beyond 115 % of the face and the "
    "label; control: the same footage only encoded once more with the same settings"
)

Box = tuple[slice, slice]


def outside_region(
    size: tuple[int, int], faces: Iterable[NDArray[Any]], label: Box
) -> NDArray[np.bool_]:
    """Return (height, width), true where neither a face nor the label is.

    Args:
        size: (width, height) of the picture.
        faces: meshes (468, 2 or more) in its pixels.
        label: rows and columns of the label.
    """
    width, height = size
    covered = np.zeros((height, width), np.uint8)
    for points in faces:
        hull = cv2.convexHull(np.ascontiguousarray(points[:, :2], np.float32))
        reach = max(1, round(GROWN * float(np.ptp(hull[:, 0, 1]))))
        cv2.fillConvexPoly(covered, np.round(hull).astype(np.int32), 1)
        cv2.polylines(covered, [np.round(hull).astype(np.int32)], True, 1, 2 * reach)
    covered[label] = 1
    return covered == 0


def differences(one: Frame, other: Frame, region: NDArray[np.bool_]) -> tuple[float, float]:
    """Return (mean absolute, mean squared) difference in levels of 255 inside the region."""
    if not region.any():
        return float("nan"), float("nan")
    apart = one[region].astype(np.float32) - other[region].astype(np.float32)
    return float(np.abs(apart).mean()), float(np.square(apart).mean())


def psnr_db(mean_squared: float) -> float:
    """Peak signal-to-noise ratio in dB; identical pictures give 99."""
    return 99.0 if mean_squared < 1e-9 else float(10 * np.log10(255**2 / mean_squared))


def encoded_again(
    frames: Sequence[Frame],
    regions: Sequence[NDArray[np.bool_]],
    rate: Fraction,
    crf: float,
    preset: str,
) -> tuple[float, float]:
    """Encode untouched frames as the render is, and return their (mean absolute, mean squared).

    Args:
        frames: at most a second of consecutive frames.
        regions: where to look in each.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "again.mp4"
        height, width = frames[0].shape[:2]
        options = {"crf": f"{crf:g}", "preset": preset}
        with VideoWriter(
            path, rate=rate, size=(width, height), codec="libx264", options=options
        ) as writer:
            for frame in frames:
                writer.write(frame)
        found = [
            differences(again, frame, region)
            for again, frame, region in zip(read_frames(path), frames, regions, strict=True)
        ]
    return float(np.nanmean([f[0] for f in found])), float(np.nanmean([f[1] for f in found]))


def outside_metrics(
    measured: Sequence[tuple[float, float]], again: tuple[float, float], again_frames: int
) -> dict[str, Metric]:
    """Mean absolute difference and PSNR over the sampled frames.

    Args:
        measured: of each sampled frame.
        again: of footage that was only encoded once more, and over how many frames.
    """
    usable = [pair for pair in measured if np.isfinite(pair).all()]
    if not usable:
        reason = "face and label cover the whole picture"
        return {
            "change_outside_face": not_measured("levels of 255", METHOD, reason),
            "psnr_outside_face": not_measured("dB", METHOD, reason),
        }
    absolute = float(np.mean([pair[0] for pair in usable]))
    squared = float(np.mean([pair[1] for pair in usable]))
    figures = {
        "change_outside_face": (absolute, "levels of 255", again[0]),
        "psnr_outside_face": (psnr_db(squared), "dB", psnr_db(again[1])),
    }
    return {
        name: Metric(
            value,
            unit,
            len(usable),
            METHOD,
            {"encoded_again": control},
            control_n={"encoded_again": again_frames},
        )
        for name, (value, unit, control) in figures.items()
    }
