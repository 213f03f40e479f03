"""Where the face of an output frame goes, and how it is blended into its picture."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import transform
from mythmeter.faces.mask import face_mask, paste
from mythmeter.faces.table import CropTable, FaceTrack, read_crops, read_faces
from mythmeter.media.decode import Frame

GROW = 0.04
"""How far the mask reaches beyond both faces, over the side of the crop."""

ROWS_AT_ONCE = 256
"""Rows of geometry held at a time."""


@dataclass(frozen=True)
class Placed:
    """Where the face of one output frame goes, in crop pixels."""

    matrix: NDArray[np.float32]
    swapped: NDArray[np.float32]
    performer: NDArray[np.float32] | None
    opacity: float
    """Of the swap, 0–1: it fades in and out beside frames that are not swapped."""


def face_in(frame: Frame, crop: Frame, visible: Frame, placed: Placed | None) -> Frame:
    """Return a picture of the footage with a finished face in it.

    Args:
        frame: (height, width, 3); not changed.
        crop: (crop_px, crop_px, 3) the finished face.
        visible: (crop_px, crop_px), 255 where nothing covers the face.
        placed: where it goes; None: there is none.
    """
    if placed is None or placed.opacity <= 0:
        return frame
    mask = blend_mask(placed.swapped, placed.performer, crop.shape[0])
    mask *= visible.astype(np.float32) * (placed.opacity / 255)
    return paste(frame, crop, mask, placed.matrix)


def blend_mask(
    swapped: NDArray[np.float32], performer: NDArray[np.float32] | None, crop_px: int
) -> NDArray[np.float32]:
    """Return a (crop_px, crop_px) mask, 1 over both faces, soft beyond them, 0 at the crop's edge.

    The crop already holds the person's face blended into the performer's picture, and lips that may
    reach lower than either. So the mask covers all of it and only hides the seam of resampling.

    Args:
        swapped: (468, 2) points of the finished face in crop pixels.
        performer: the same of the performer's own face; None where it was not tracked.
    """
    hulls = [swapped] if performer is None else [swapped, performer]
    covered = np.max([face_mask(points, crop_px, erode=0, feather=0) for points in hulls], axis=0)
    reach = max(1, round(GROW * crop_px))
    side = 2 * reach + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    grown = cv2.dilate((covered > 0).astype(np.uint8), kernel).astype(np.float32)
    # Two standard deviations inside the grown edge, the blurred mask is still 0.98.
    soft = cv2.GaussianBlur(grown, (0, 0), reach / 2)
    soft[soft < 1 / 255] = 0
    inside = np.minimum(np.arange(crop_px), np.arange(crop_px)[::-1]) / reach
    ramp = np.clip(inside, 0, 1).astype(np.float32)
    return soft * np.minimum(ramp[:, None], ramp[None, :])


class Geometry:
    """Points and matrices of frames, read in blocks so that memory stays flat."""

    def __init__(self, faces: Path, crop_table: Path) -> None:
        self._faces, self._crop_table = faces, crop_table
        self._face_rows: tuple[int, FaceTrack] | None = None
        self._crop_rows: tuple[int, CropTable] | None = None

    def of(self, number: int, target: int) -> Placed | None:
        """Return where the face of an output frame goes, or None: there is none."""
        block, row = divmod(number, ROWS_AT_ONCE)
        if self._crop_rows is None or self._crop_rows[0] != block:
            self._crop_rows = block, read_crops(self._crop_table, *_limits(block))
        crops = self._crop_rows[1]
        row = int(np.searchsorted(crops.frame, number))
        if not crops.present[row]:
            return None
        matrix = crops.matrix[row]
        performer, opacity = self._performer(target, matrix)
        return Placed(matrix, crops.points[row], performer, opacity)

    def _performer(
        self, target: int, matrix: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32] | None, float]:
        """The performer's own points, and the opacity of the swap there."""
        block = target // ROWS_AT_ONCE
        if self._face_rows is None or self._face_rows[0] != block:
            self._face_rows = block, read_faces(self._faces, *_limits(block))
        faces = self._face_rows[1]
        row = int(np.searchsorted(faces.frame, target))
        if not faces.present[row]:
            return None, 1.0
        return transform(faces.points[row], matrix).astype(np.float32), float(faces.opacity[row])


def _limits(block: int) -> tuple[int, int]:
    return block * ROWS_AT_ONCE, (block + 1) * ROWS_AT_ONCE
