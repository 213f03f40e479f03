"""Regions of the texture, and the mouth laid over it."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from mythmeter.faces import mesh
from mythmeter.faces.colour import match_low_frequencies
from mythmeter.faces.mesh import TRIANGLES
from mythmeter.faces.warp import rasterise, texture_points

Texels = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows and columns."""

OUTSIDE_TEXELS = 3
"""How far beyond the mesh a texture is carried on: as far as bicubic sampling reaches."""


@dataclass(frozen=True)
class Region:
    """Texels that are modelled together, with soft weights where regions overlap."""

    texels: NDArray[np.int64]
    """(t,) flat indices into a square texture."""
    weights: NDArray[np.float32]
    """(t,) 0..1; over all regions the weights of a texel sum to 1."""


def upper_and_lower(texture_px: int) -> tuple[Region, Region]:
    """Split the face along the nose: lids and brows move apart from mouth and jaw.

    Modelled apart, a blink and an open mouth need not have been seen together.
    """
    points = texture_points(texture_px)
    covered = rasterise(points, TRIANGLES, texture_px).ravel() >= 0
    rows = np.repeat(np.arange(texture_px, dtype=np.float32), texture_px)
    top, bottom = points[197, 1], points[mesh.NOSE_TIP, 1]
    ramp = np.clip((rows - top) / (bottom - top), 0, 1)
    lower = ramp * ramp * (3 - 2 * ramp)
    upper_texels = np.flatnonzero(covered & (lower < 1))
    lower_texels = np.flatnonzero(covered & (lower > 0))
    return (
        Region(upper_texels, 1 - lower[upper_texels]),
        Region(lower_texels, lower[lower_texels]),
    )


def carry_on(texture: NDArray[np.uint8]) -> None:
    """Carry a square texture (s, s, channels) on beyond its mesh, in place.

    A pixel on a face's outline is sampled from both sides of it; the black outside would show as
    dark dots along the jaw.
    """
    outside, nearest = _beyond_mesh(len(texture))
    texture[outside] = texture[nearest]


@cache
def _beyond_mesh(texture_px: int) -> tuple[Texels, Texels]:
    """Rows and columns of the texels round the mesh, and of the texel of the mesh next to each."""
    covered = rasterise(texture_points(texture_px), TRIANGLES, texture_px) >= 0
    away, nearest = distance_transform_edt(~covered, return_indices=True)
    rows, columns = np.nonzero(~covered & (away <= OUTSIDE_TEXELS))
    return (rows, columns), (nearest[0][rows, columns], nearest[1][rows, columns])


@dataclass(frozen=True)
class MouthPatch:
    """The rectangle of the texture round the mouth, and the soft mask of what is replaced."""

    rows: slice
    columns: slice
    mask: NDArray[np.float32]
    """(height, width, 1) 0..1."""

    def cut(self, texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The rectangle of a texture."""
        return texture[self.rows, self.columns]

    def lay(self, mouth: NDArray[np.uint8], texture: NDArray[np.uint8]) -> None:
        """Blend a mouth, lit as the texture is, into the texture in place."""
        under = self.cut(texture)
        everywhere = np.ones(under.shape[:2], np.float32)
        lit = match_low_frequencies(mouth, under, everywhere, sigma=0.2).astype(np.float32)
        blended = under + (lit - under) * self.mask
        texture[self.rows, self.columns] = np.clip(blended + 0.5, 0, 255).astype(np.uint8)


def mouth_patch(texture_px: int) -> MouthPatch:
    """The mouth of a texture: the hull of the outer lips, somewhat widened, with a soft border."""
    lips = texture_points(texture_px)[list(mesh.LIPS_OUTER)]
    centre = lips.mean(axis=0)
    outline = ((lips - centre) * [1.15, 1.25] + centre).astype(np.float32)
    mask = np.zeros((texture_px, texture_px), np.uint8)
    hull = np.round(cv2.convexHull(outline) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, hull, 255, cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), texture_px * 0.02)
    margin = round(texture_px * 0.06)
    low = np.maximum(np.floor(outline.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + margin, texture_px)
    rows, columns = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    return MouthPatch(rows, columns, soft[rows, columns, None])
