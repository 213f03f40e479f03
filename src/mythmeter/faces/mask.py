"""The soft mask of a face, and pasting a finished crop back into its frame."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mesh import BROWS, CHIN, MOUTH_LOWER, OVAL

NOSE_BASE = 2

EDGE_REACH = 0.05
"""How far an edge may draw the soft border to itself, over the side of the crop."""
EDGE_CONTRAST = 0.002
"""Variance of brightness (0–1) that counts as an edge: a step of about 9 % of the range."""


def face_mask(
    points: NDArray[Any],
    size_px: int,
    erode: float = 0.05,
    feather: float = 0.06,
    brow_top: float = 0.45,
    jaw: float = 1.0,
) -> NDArray[np.float32]:
    """Return a (size_px, size_px) mask in 0..1: the hull of the face, shrunk and feathered.

    The jaw has an edge of its own, cheeks and brow have none: below the mouth both the shrinking
    and the border may be narrower, so that the person's chin is shown and not half of each.

    Args:
        points: (468, 2 or more) in pixels of the crop.
        erode: shrink by this fraction of the side.
        feather: width of the soft border as a fraction of the side.
        brow_top: how much of the way from the brows to the top of the mesh is kept, so that hair
            stays out; 1 keeps the whole forehead.
        jaw: shrinking and feather at the jaw, as a share of those elsewhere.
    """
    outline = np.asarray(points, np.float32)[list(OVAL), :2].copy()
    brow = float(np.asarray(points)[list(BROWS), 1].min())
    above = outline[:, 1] < brow
    outline[above, 1] = brow + (outline[above, 1] - brow) * brow_top
    mask = np.zeros((size_px, size_px), np.uint8)
    # Sixteenths of a pixel and a smooth edge: a mask that moves by less than a pixel must not jump.
    hull = np.round(cv2.convexHull(outline) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, hull, 255, cv2.LINE_AA, shift=4)
    wide = _softened(mask, size_px * erode, size_px * feather)
    if jaw == 1.0:
        return wide
    narrow = _softened(mask, size_px * erode * jaw, size_px * feather * jaw)
    share = _below_mouth(np.asarray(points, np.float64), size_px)
    return wide + (narrow - wide) * share


def _softened(mask: NDArray[np.uint8], shrink_px: float, border_px: float) -> NDArray[np.float32]:
    radius = round(shrink_px)
    if radius:
        side = 2 * radius + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        mask = cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    soft: NDArray[np.float32] = np.asarray(mask, np.float32) * np.float32(1 / 255)
    if border_px:
        soft = cv2.GaussianBlur(soft, (0, 0), border_px / 2)
    return soft


def _below_mouth(points: NDArray[np.float64], size_px: int) -> NDArray[np.float32]:
    """(size_px, size_px): 0 above the nose's base, 1 below the mouth, along the face's own axis."""
    nose, lip, chin = (points[[i], :2][0] for i in (NOSE_BASE, MOUTH_LOWER, CHIN))
    axis = (chin - nose) / max(float(np.linalg.norm(chin - nose)), 1e-6)
    start, stop = 0.0, max(float((lip - nose) @ axis), 1.0)
    y, x = np.mgrid[:size_px, :size_px].astype(np.float32)
    along = (x - nose[0]) * axis[0] + (y - nose[1]) * axis[1]
    share = np.clip((along - start) / (stop - start), 0, 1)
    smooth: NDArray[np.float32] = (share * share * (3 - 2 * share)).astype(np.float32)
    return smooth


def follow_edges(mask: NDArray[np.float32], picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Let the soft border of a mask follow the edges of the picture: hair, a cheek, a jaw.

    Only the border is changed, the more the nearer it is to one half: what is 1 stays 1, what is 0
    stays 0.

    Args:
        mask: (size, size) in 0..1.
        picture: (size, size, 3) what the mask lies on.

    Source: He, Sun and Tang 2013, IEEE TPAMI 35(6), "Guided Image Filtering".
    """
    radius = max(1, round(EDGE_REACH * len(mask)))
    guide = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        side = 2 * radius + 1
        return cv2.boxFilter(values, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REPLICATE)

    light, weight = mean(guide), mean(mask)
    slope = (mean(guide * mask) - light * weight) / (mean(guide * guide) - light**2 + EDGE_CONTRAST)
    guided = np.clip(mean(slope) * guide + mean(weight - slope * light), 0, 1)
    followed: NDArray[np.float32] = mask + (guided - mask) * 4 * mask * (1 - mask)
    return followed


def paste(
    frame: NDArray[np.uint8],
    crop: NDArray[np.uint8],
    mask: NDArray[np.float32],
    matrix: NDArray[Any],
) -> NDArray[np.uint8]:
    """Return the frame with the crop blended in where the mask is not zero.

    Args:
        frame: (h, w, 3) clip picture; not changed.
        crop: (size, size, 3) finished face.
        mask: (size, size) weights of the crop.
        matrix: (2, 3), clip pixels to crop pixels.
    """
    result = frame.copy()
    matrix = np.asarray(matrix, np.float64).reshape(2, 3)
    box = _covered(mask, matrix, frame.shape[1], frame.shape[0])
    if box is None:
        return result
    left, top, right, bottom = box
    # The region's own pixels to crop pixels: the matrix, with the corner's shift put in.
    local = matrix.copy()
    local[:, 2] += matrix[:, :2] @ [left, top]
    size = (right - left, bottom - top)
    face = _sample(crop, local, size, cv2.INTER_CUBIC, cv2.BORDER_REPLICATE)
    weight = _sample(mask, local, size, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)[..., None]
    region = result[top:bottom, left:right].astype(np.float32)
    region += (face.astype(np.float32) - region) * weight
    result[top:bottom, left:right] = np.clip(region + 0.5, 0, 255).astype(np.uint8)
    return result


def _covered(
    mask: NDArray[np.float32], matrix: NDArray[np.float64], width: int, height: int
) -> tuple[int, int, int, int] | None:
    """Box (left, top, right, bottom) of the frame that the mask reaches, or None."""
    rows, columns = np.nonzero(mask.max(axis=1) > 0)[0], np.nonzero(mask.max(axis=0) > 0)[0]
    if not len(rows):
        return None
    x0, x1, y0, y1 = columns[0] - 1, columns[-1] + 1, rows[0] - 1, rows[-1] + 1
    corners = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]], np.float64)
    in_frame = corners @ cv2.invertAffineTransform(matrix).T
    left, top = np.maximum(np.floor(in_frame.min(axis=0)), 0).astype(int)
    right, bottom = np.minimum(np.ceil(in_frame.max(axis=0)) + 1, [width, height]).astype(int)
    if right <= left or bottom <= top:
        return None
    return int(left), int(top), int(right), int(bottom)


def _sample(
    picture: NDArray[Any],
    matrix: NDArray[np.float64],
    size: tuple[int, int],
    interpolation: int,
    border: int,
) -> NDArray[Any]:
    flags = interpolation | cv2.WARP_INVERSE_MAP
    sampled: NDArray[Any] = cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=border)
    return sampled
