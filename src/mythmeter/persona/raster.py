"""A small software rasteriser: what each pixel sees, and layers of hair blended over it."""

from collections.abc import Callable
from typing import Any

import numba

from mythmeter.faces.compiled import compiled

NOTHING = -1


@compiled
def visible(
    points: Any,
    depth: Any,
    triangles: Any,
    index: Any,
    weights: Any,
    nearest: Any,
    front_only: bool,
) -> None:
    """Find the nearest triangle over each pixel (z-buffer, perspective-correct weights).

    Args:
        points: (n, 2) pixels.
        depth: (n,) distance from the camera, positive.
        triangles: (t, 3).
        index: (h, w) int32, written: triangle or -1; fill with -1 before the first call.
        weights: (h, w, 2) float32, written: weights of the triangle's first two corners.
        nearest: (h, w) float32, read and written: depth; fill with infinity before.
        front_only: leave out triangles whose corners run clockwise as seen.
    """
    height, width = index.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1 = points[a, 0], points[a, 1], points[b, 0], points[b, 1]
        x2, y2 = points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9 or (front_only and area > 0.0):
            continue
        left, right = max(0, int(min(x0, x1, x2))), min(width - 1, int(max(x0, x1, x2)) + 1)
        top, bottom = max(0, int(min(y0, y1, y2))), min(height - 1, int(max(y0, y1, y2)) + 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w0 = ((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) / area
                w1 = ((x2 - x) * (y0 - y) - (x0 - x) * (y2 - y)) / area
                w2 = 1.0 - w0 - w1
                if w0 < -1e-6 or w1 < -1e-6 or w2 < -1e-6:
                    continue
                q0, q1, q2 = w0 / depth[a], w1 / depth[b], w2 / depth[c]
                z = 1.0 / (q0 + q1 + q2)
                if z < nearest[y, x]:
                    nearest[y, x] = z
                    index[y, x] = t
                    weights[y, x, 0] = q0 * z
                    weights[y, x, 1] = q1 * z


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a helper of compiled functions into its callers: a call for each pixel is slow."""
    helper: Callable[..., Any] = numba.njit(inline="always", nogil=True)(function)
    return helper


@inlined
def sample(texture: Any, u: float, v: float, colour: Any) -> None:
    """Read a (h, w, channels) float32 texture bilinearly; u, v in [0, 1], v upwards."""
    height, width = texture.shape[0], texture.shape[1]
    x = min(max(u * width - 0.5, 0.0), width - 1.001)
    y = min(max((1.0 - v) * height - 0.5, 0.0), height - 1.001)
    column, row = int(x), int(y)
    fx, fy = x - column, y - row
    for k in range(texture.shape[2]):
        upper = texture[row, column, k] * (1 - fx) + texture[row, column + 1, k] * fx
        lower = texture[row + 1, column, k] * (1 - fx) + texture[row + 1, column + 1, k] * fx
        colour[k] = upper * (1 - fy) + lower * fy
