"""Piecewise-affine warps over the face mesh, and the texture space that they open.

`rasterise` says which triangle covers each pixel; `warp` moves a picture from one set of points to
another, triangle by triangle. A picture unwrapped to `texture_points` has every face, whatever its
pose or expression, in the same place.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.compiled import compiled
from mythmeter.faces.mesh import TEXTURE, TRIANGLES

Size = int | tuple[int, int]
"""Pixels of a picture: the side of a square, or (height, width)."""


def rasterise(points: NDArray[Any], triangles: NDArray[np.int32], size: Size) -> NDArray[np.int32]:
    """Return (height, width) int32: the triangle over each pixel, -1 outside the mesh.

    Edges belong to their triangles, so neighbours leave no pinholes. Where the mesh folds (a
    turned head), triangles that face the camera cover those that do not.
    """
    height, width = _shape(size)
    index = np.full((height, width), -1, np.int32)
    _rasterise(_vertices(points), triangles, index)
    return index


def warp(
    image: NDArray[np.uint8],
    source_points: NDArray[Any],
    target_points: NDArray[Any],
    size: Size,
    triangles: NDArray[np.int32] = TRIANGLES,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Warp a picture so that its source points land on the target points.

    Args:
        image: (h, w) or (h, w, channels), sampled bicubically; float32 works too.
        source_points, target_points: (n, 2 or more) pixels of the image and of the result.
        size: of the result.
        triangles: (m, 3) indices into the points.

    Returns:
        The picture, zero outside the mesh, and the (height, width) mask of the mesh.
    """
    pixels, valid = warp_map(source_points, target_points, size, triangles)
    warped = cv2.remap(image, pixels, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    warped[~valid] = 0
    return warped, valid


def warp_map(
    source_points: NDArray[Any],
    target_points: NDArray[Any],
    size: Size,
    triangles: NDArray[np.int32] = TRIANGLES,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what `warp` gives to `cv2.remap`, (height, width, 2) source pixels, and the mask.

    Worth keeping where many pictures share one geometry.
    """
    height, width = _shape(size)
    source, target = _vertices(source_points), _vertices(target_points)
    index = np.full((height, width), -1, np.int32)
    _rasterise(target, triangles, index)
    pixels = np.zeros((height, width, 2), np.float32)
    _fill_map(source, target, triangles, index, pixels)
    return pixels, index >= 0


def texture_points(texture_px: int) -> NDArray[np.float64]:
    """(468, 2) mesh points in a square texture of that side, half a pixel inside its border."""
    return TEXTURE * (texture_px - 1.0)


def unwrap(
    image: NDArray[np.uint8], points: NDArray[Any], texture_px: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Unwrap a face to texture space; returns the square texture and the mask of the mesh in it."""
    return warp(image, points, texture_points(texture_px), texture_px)


def _shape(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _vertices(points: NDArray[Any]) -> NDArray[np.float64]:
    return np.ascontiguousarray(np.asarray(points)[:, :2], np.float64)


@compiled
def _rasterise(points: Any, triangles: Any, index: Any) -> None:
    height, width = index.shape
    for facing in (False, True):
        for number in range(triangles.shape[0]):
            a, b, c = triangles[number, 0], triangles[number, 1], triangles[number, 2]
            ax, ay = points[a, 0], points[a, 1]
            bx, by = points[b, 0] - ax, points[b, 1] - ay
            cx, cy = points[c, 0] - ax, points[c, 1] - ay
            twice_area = bx * cy - by * cx
            # The canonical triangles run anticlockwise as seen, which is negative with y down.
            if (twice_area < 0) != facing or twice_area == 0:
                continue
            low_x, high_x = min(0.0, bx, cx) + ax, max(0.0, bx, cx) + ax
            low_y, high_y = min(0.0, by, cy) + ay, max(0.0, by, cy) + ay
            for y in range(max(0, int(np.ceil(low_y))), min(height - 1, int(high_y)) + 1):
                for x in range(max(0, int(np.ceil(low_x))), min(width - 1, int(high_x)) + 1):
                    along_b = ((x - ax) * cy - (y - ay) * cx) / twice_area
                    along_c = ((y - ay) * bx - (x - ax) * by) / twice_area
                    # A hair of tolerance closes the seams that rounding opens.
                    if along_b >= -1e-9 and along_c >= -1e-9 and along_b + along_c <= 1 + 1e-9:
                        index[y, x] = number


@compiled
def _fill_map(source: Any, target: Any, triangles: Any, index: Any, pixels: Any) -> None:
    height, width = index.shape
    for y in range(height):
        for x in range(width):
            number = index[y, x]
            if number < 0:
                continue
            a, b, c = triangles[number, 0], triangles[number, 1], triangles[number, 2]
            bx, by = target[b, 0] - target[a, 0], target[b, 1] - target[a, 1]
            cx, cy = target[c, 0] - target[a, 0], target[c, 1] - target[a, 1]
            twice_area = bx * cy - by * cx
            dx, dy = x - target[a, 0], y - target[a, 1]
            along_b = (dx * cy - dy * cx) / twice_area
            along_c = (dy * bx - dx * by) / twice_area
            for axis in range(2):
                origin = source[a, axis]
                pixels[y, x, axis] = (
                    origin
                    + along_b * (source[b, axis] - origin)
                    + along_c * (source[c, axis] - origin)
                )
