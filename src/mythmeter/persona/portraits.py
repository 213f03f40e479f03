"""Fine detail of skin, taken in mesh space from free portraits.

Of a portrait only the *relief* is used: each pixel relative to its neighbourhood. It carries pores,
creases and uneven colour, and neither the shape of the face (which comes from the head model) nor
its broad shading (which the renderer makes). Portraits are laid over a picture of the rendered
head by their 468 face points and mixed, so that no single one shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.faces.landmarks.protocol import Landmarker
from mythmeter.faces.mesh import BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT, LIPS_OUTER, OVAL
from mythmeter.faces.warp import warp
from mythmeter.persona import raster

Array = NDArray[np.float32]
Picture = NDArray[np.uint8]

REGIONS: Final = ("forehead", "middle", "lips", "chin")
_FLOOR: Final = 0.012


@dataclass(frozen=True)
class Portrait:
    """A picture of a face, and what of it goes into the skin."""

    name: str
    picture: Picture
    regions: Mapping[str, float]
    """How strongly each region's relief is used, 0 to 1."""
    coarsest: float
    """Relief coarser than this share of the eyes' distance is left out."""


def read_scan(obj: Path, photo: Picture, side_px: int = 900) -> Picture:
    """Draw the front view of a textured scan without any light: (side, side, 3) RGB.

    Args:
        obj: Wavefront OBJ of triangles with texture coordinates, y up, facing z.
        photo: its texture.
    """
    vertices, texture, corners, texture_corners = _read_obj(obj)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    scale = side_px * 0.95 / (high[1] - low[1])
    flat = (vertices - (low + high) / 2) * [scale, -scale, 1] + [side_px / 2, side_px / 2, 0]
    points = np.ascontiguousarray(flat[:, :2], np.float32)
    # Distances so large that the view is parallel.
    depth = np.ascontiguousarray(1e4 - vertices[:, 2], np.float32)
    index, weights, _ = drawn(points, depth, corners, (side_px, side_px))
    uv = blend_corners(weights, texture[texture_corners][index])
    height, width = photo.shape[:2]
    x = (uv[..., 0] * width - 0.5).astype(np.float32)
    y = ((1 - uv[..., 1]) * height - 0.5).astype(np.float32)
    front = cv2.remap(photo, x, y, cv2.INTER_LINEAR)
    front[index < 0] = 0
    return np.asarray(front, np.uint8)


def _read_obj(
    path: Path,
) -> tuple[Array, Array, NDArray[np.int32], NDArray[np.int32]]:
    vertices, texture, corners = [], [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, *rest = line.split() or ("",)
        if kind == "v":
            vertices.append([float(value) for value in rest[:3]])
        elif kind == "vt":
            texture.append([float(value) for value in rest[:2]])
        elif kind == "f":
            corners.append([[int(i) - 1 for i in corner.split("/")[:2]] for corner in rest[:3]])
    table = np.array(corners, np.int32)
    return (
        np.array(vertices, np.float32),
        np.array(texture, np.float32),
        np.ascontiguousarray(table[..., 0]),
        np.ascontiguousarray(table[..., 1]),
    )


def drawn(
    points: Array, depth: Array, triangles: NDArray[np.int32], size: tuple[int, int]
) -> tuple[NDArray[np.int32], Array, Array]:
    """Return `raster.visible`'s three pictures for one set of triangles."""
    index = np.full(size, raster.NOTHING, np.int32)
    weights = np.zeros((*size, 2), np.float32)
    nearest = np.full(size, np.inf, np.float32)
    raster.visible(points, depth, triangles, index, weights, nearest, False)
    return index, weights, nearest


def blend_corners(weights: Array, corners: Array) -> Array:
    """Return (h, w, c): values at triangles' corners (h, w, 3, c) blended by (h, w, 2) weights."""
    third = 1 - weights.sum(axis=2)
    mixed = (
        weights[..., 0, None] * corners[..., 0, :]
        + weights[..., 1, None] * corners[..., 1, :]
        + third[..., None] * corners[..., 2, :]
    )
    return np.asarray(mixed, np.float32)


def find_points(landmarker: Landmarker, picture: Picture, name: str) -> NDArray[np.float64]:
    """Return (468, 2) pixels of the face in a still.

    Raises:
        FaceError: no face is seen in it.
    """
    for _ in range(3):  # the region settles on the face within a few looks at the same picture
        seen = landmarker.observe(picture)
    if seen.points is None:
        raise FaceError(f"No face was found in {name} ({seen.reason}). Choose another picture.")
    return np.asarray(seen.points[:, :2], np.float64)


def relief(
    portrait: Portrait,
    points: NDArray[np.float64],
    onto: NDArray[np.float64],
    side_px: int,
) -> Array:
    """Return log relief (side, side, 3) of a portrait laid over the head, faded to 0 where unused.

    Args:
        portrait: the picture and its weights.
        points: (468, 2) its face points.
        onto: (468, 2) where they are in the picture of the head.
        side_px: of that picture.
    """
    laid, valid = warp(portrait.picture, points, onto, side_px)
    logs = np.log(np.power(laid.astype(np.float32) / 255, 2.2) + _FLOOR)
    apart = float(np.linalg.norm(onto[EYE_LEFT[0]] - onto[EYE_RIGHT[0]]))
    known = valid.astype(np.float32)
    for eye in (EYE_LEFT, EYE_RIGHT):
        _fill(known, onto[list(eye)], 0.0)
    radius = portrait.coarsest * apart
    around = cv2.GaussianBlur(logs * known[..., None], (0, 0), radius)
    around /= cv2.GaussianBlur(known, (0, 0), radius)[..., None] + 1e-3
    detail = np.clip(logs - around, -0.6, 0.45)
    return np.asarray(detail * region_weights(portrait.regions, onto, side_px)[..., None])


def region_weights(regions: Mapping[str, float], onto: NDArray[np.float64], side_px: int) -> Array:
    """Return (side, side) weights: soft regions of the face, 0 on eyes and outside the face."""
    apart = float(np.linalg.norm(onto[EYE_LEFT[0]] - onto[EYE_RIGHT[0]]))
    brow, nose_base = onto[105, 1] + 0.02 * apart, onto[2, 1]
    rows = np.arange(side_px, dtype=np.float32)[:, None]
    weights = np.zeros((side_px, side_px), np.float32)
    weights += regions.get("forehead", 0.0) * (rows < brow)
    weights += regions.get("middle", 0.0) * ((rows >= brow) & (rows < nose_base + 0.04 * apart))
    weights += regions.get("chin", 0.0) * (rows >= nose_base + 0.04 * apart)
    face = np.zeros_like(weights)
    _fill(face, onto[list(OVAL)], 1.0)
    face = cv2.erode(face, np.ones((3, 3), np.uint8), iterations=max(1, round(0.05 * apart)))
    weights = cv2.GaussianBlur(weights * face, (0, 0), 0.045 * apart)
    lips = np.zeros_like(weights)
    _fill(lips, onto[list(LIPS_OUTER)], 1.0)
    lips = cv2.GaussianBlur(lips, (0, 0), 0.012 * apart)
    weights = weights * (1 - lips) + regions.get("lips", 0.0) * lips
    eyes = np.zeros_like(weights)
    for eye in (EYE_LEFT, EYE_RIGHT):
        _fill(eyes, onto[list(eye)], 1.0)
    eyes = cv2.dilate(eyes, np.ones((3, 3), np.uint8), iterations=max(1, round(0.02 * apart)))
    weights *= 1 - cv2.GaussianBlur(eyes, (0, 0), 0.015 * apart)
    brows = np.zeros_like(weights)
    for brow_points in (BROW_LEFT, BROW_RIGHT):
        hull = cv2.convexHull(onto[list(brow_points)].astype(np.float32))[:, 0]
        _fill(brows, hull.astype(np.float64), 1.0)
    brows = cv2.dilate(brows, np.ones((3, 3), np.uint8), iterations=max(1, round(0.07 * apart)))
    weights *= 1 - cv2.GaussianBlur(brows, (0, 0), 0.03 * apart)
    return weights


def _fill(mask: Array, ring: NDArray[np.float64], value: float) -> None:
    cv2.fillPoly(mask, [np.round(ring).astype(np.int32)], value)
