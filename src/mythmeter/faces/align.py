"""Alignment: similarity transforms, the canonical crop, and points through matrices.

A matrix here is (2, 3) and maps source pixels to target pixels, as OpenCV's `warpAffine` takes it.
Integer coordinates are pixel centres.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mesh import CANONICAL, STABLE

Matrix = NDArray[np.float64]
"""(2, 3) affine map of x, y in pixels."""

CROP_MARGIN: Final = 1.2
"""Side of a crop over the height of the canonical face: room for long faces and open mouths."""


def similarity(source: NDArray[Any], target: NDArray[Any]) -> Matrix:
    """Least-squares rotation, uniform scale and shift that take source points to target points.

    Args:
        source, target: (n, 2) corresponding points, n >= 2.

    Source: Umeyama 1991, IEEE TPAMI 13(4).
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred = source - source_mean
    left, singular, right = np.linalg.svd((target - target_mean).T @ centred)
    sign = np.array([1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ np.diag(sign) @ right
    scale = (singular * sign).sum() / max(float((centred**2).sum()), 1e-12)
    linear = scale * rotation
    return np.column_stack([linear, target_mean - linear @ source_mean])


def canonical_to_crop(crop_px: int, margin: float = CROP_MARGIN) -> Matrix:
    """Map canonical coordinates (the unit square) to a crop that shows `margin` times the face."""
    scale = crop_px / margin
    return np.array([[scale, 0.0, (crop_px - scale) / 2], [0.0, scale, (crop_px - scale) / 2]])


def crop_matrix(points: NDArray[Any], crop_px: int, margin: float = CROP_MARGIN) -> Matrix:
    """Map frame pixels to the canonical crop, by the points that expression does not move.

    Args:
        points: (468, 2 or 3) landmarks in frame pixels.
        crop_px: side of the square crop.
        margin: side of the crop over the height of the canonical face.
    """
    stable = list(STABLE)
    target = transform(CANONICAL[stable], canonical_to_crop(crop_px, margin))
    return similarity(np.asarray(points)[stable, :2], target)


def canonical_points(points: NDArray[Any]) -> NDArray[np.float64]:
    """Express (468, 2 or 3) landmarks in canonical coordinates: head position and roll removed."""
    stable = list(STABLE)
    return transform(points, similarity(np.asarray(points)[stable, :2], CANONICAL[stable]))


def transform(points: NDArray[Any], matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Map the x, y of (..., 2 or more) points; the result is (..., 2)."""
    matrix = np.asarray(matrix, np.float64).reshape(2, 3)
    moved: NDArray[np.float64] = np.asarray(points)[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    return moved


def invert(matrix: NDArray[Any]) -> Matrix:
    """Invert a (2, 3) affine map."""
    inverse: Matrix = cv2.invertAffineTransform(np.asarray(matrix, np.float64).reshape(2, 3))
    return inverse


def cut(
    frame: NDArray[np.uint8],
    matrix: NDArray[Any],
    crop_px: int,
    interpolation: int = cv2.INTER_CUBIC,
) -> NDArray[np.uint8]:
    """Cut the (crop_px, crop_px, 3) crop out of a frame; outside the frame, its edge goes on.

    A face larger than the crop is first averaged down, because sampling alone would alias.
    """
    region, matrix = _region(frame, np.asarray(matrix, np.float64).reshape(2, 3), crop_px)
    while np.hypot(matrix[0, 0], matrix[1, 0]) < 1 / 1.5 and min(region.shape[:2]) >= 2:
        region, matrix = _halved(region, matrix)
    picture: NDArray[np.uint8] = cv2.warpAffine(
        region, matrix, (crop_px, crop_px), flags=interpolation, borderMode=cv2.BORDER_REPLICATE
    )
    return picture


def _region(
    frame: NDArray[np.uint8], matrix: Matrix, crop_px: int
) -> tuple[NDArray[np.uint8], Matrix]:
    """The part of the frame that a crop can see, and the matrix from there."""
    corners = np.array([[0, 0], [crop_px, 0], [crop_px, crop_px], [0, crop_px]])
    seen = transform(corners, invert(matrix))
    # Eight pixels more than seen, for the support of the filters.
    limit = [frame.shape[1], frame.shape[0]]
    left, top = np.clip(np.floor(seen.min(axis=0)) - 8, 0, limit).astype(int)
    right, bottom = np.clip(np.ceil(seen.max(axis=0)) + 8, 0, limit).astype(int)
    if right <= left or bottom <= top:
        return frame, matrix
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ [left, top]
    return frame[top:bottom, left:right], moved


def _halved(picture: NDArray[np.uint8], matrix: Matrix) -> tuple[NDArray[np.uint8], Matrix]:
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    small = cv2.resize(
        picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
    )
    # Pixel centres: x = 2 x' + 0.5.
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ [0.5, 0.5]
    moved[:, :2] *= 2
    return small, moved
