"""Pixels of a new mouth: the face bent to its points, a texture laid over it without an edge."""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.colour import match_low_frequencies
from mythmeter.faces.mesh import CANONICAL, LIPS_OUTER, OVAL, POINTS, TRIANGLES
from mythmeter.faces.warp import warp_map
from mythmeter.lips.placement import ease
from mythmeter.media.decode import Frame

Array = NDArray[np.float64]

RING_SCALE: Final = 1.35
BORDER_SHARE: Final = 0.06
"""What lies this near to the crop's border, as a share of its side, is moved less and less."""
STILL_PX: Final = 0.02
"""Pixels that a warp moves by less are left as they are."""


def bend(crop: Frame, points: NDArray[Any], moved: NDArray[Any]) -> Frame:
    """Move a face from points (468, 2) to moved points (468, 2); neck and hair follow softly.

    Beyond a ring at 1.35 times the face's outline nothing changes, nor where no point moved.
    """
    ring = _ring(np.asarray(points, np.float64), crop.shape[0])
    source = np.concatenate([np.asarray(points, np.float64), ring])
    target = np.concatenate([np.asarray(moved, np.float64), ring])
    height, width = crop.shape[:2]
    pixels, valid = warp_map(source, target, (height, width), _RINGED)
    rows, columns = np.mgrid[:height, :width]
    shift = np.abs(pixels - np.stack([columns, rows], axis=2)).max(axis=2)
    bent = cv2.remap(crop, pixels, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    result: Frame = np.where((valid & (shift > STILL_PX))[..., None], bent, crop)
    return result


def lay_texture(
    base: Frame, points: NDArray[Any], texture: Frame, texture_points: NDArray[Any]
) -> Frame:
    """Lay the lower face of one picture over another face and return the result.

    Args:
        base: (h, w, 3) the face, already bent to `points` (468, 2).
        texture: (h', w', 3) picture of the person, whose face is at `texture_points` (468, 2).

    The light is taken from the skin of the base, lips left out: a smile's teeth must not decide how
    bright a closed mouth is.
    """
    pixels, valid = warp_map(texture_points, points, base.shape[:2], TRIANGLES)
    laid = cv2.remap(texture, pixels, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    laid = np.where(valid[..., None], laid, base)
    return lay_mouth(base, points, laid, valid.astype(np.float32))


def lay_mouth(base: Frame, points: NDArray[Any], laid: Frame, trust: NDArray[np.float32]) -> Frame:
    """Lay the mouth of a picture over a face, inside the mouth's mask, in the light of the face.

    Args:
        base: (h, w, 3) the face at `points` (468, 2).
        laid: (h, w, 3) the picture, in the same place.
        trust: (h, w) in 0..1, how far the picture counts.
    """
    size = base.shape[:2]
    mask = mouth_mask(points, size)
    skin = (mask > 0.02) & (trust > 0) & ~_lips(points, size)
    laid = match_low_frequencies(laid, base, skin.astype(np.float32), sigma=0.08)
    weight = (mask * trust)[..., None]
    blended = base + (laid.astype(np.float32) - base) * weight
    result: Frame = np.where(weight > 0, np.clip(blended + 0.5, 0, 255), base).astype(np.uint8)
    return result


def mouth_mask(points: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return (h, w) in 0..1: the region that speech and smiles mark, feathered.

    It reaches from under the nose over the folds beside the mouth to the chin, and follows the
    face's pose, because it is drawn on the canonical face.
    """
    place, valid = warp_map(CANONICAL, points, size, TRIANGLES)
    weight = _mask_at(place.astype(np.float64)) * valid
    # Triangles make kinks in the border; a little blur hides them.
    return cv2.GaussianBlur(weight.astype(np.float32), (0, 0), size[1] * 0.008) * valid


def _mask_at(place: Array) -> Array:
    """Weight at canonical places (..., 2).

    The wider it reaches, the less a performer who talks shows around lips that rest; at the jaw it
    ends, because beyond it the texture has no skin.
    """
    across = np.abs(place[..., 0] - 0.5)
    mouth_y, nose_y, chin_y = CANONICAL[13, 1], CANONICAL[2, 1], CANONICAL[152, 1]
    below = place[..., 1] > mouth_y
    radius_y = np.where(below, (chin_y - mouth_y) * 1.05, (mouth_y - nose_y) * 1.9)
    distance = np.hypot(across / 0.32, (place[..., 1] - mouth_y) / radius_y)
    inside = ease((1 - distance) / 0.35)
    under_nose = ease((place[..., 1] - nose_y) / 0.025)
    beside_nose = ease((across - 0.085) / 0.03)
    weight: Array = inside * np.maximum(under_nose, beside_nose)
    return weight


def _lips(points: NDArray[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mouth within its outer contour, a little grown, as (h, w) bool."""
    outline = np.asarray(points, np.float64)[list(LIPS_OUTER), :2]
    centre = outline.mean(axis=0)
    grown = np.round((outline - centre) * [1.1, 1.3] + centre).astype(np.int32)
    mask = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(grown), 1)
    return mask > 0


def hold_at_border(points: NDArray[Any], moved: NDArray[Any], crop_px: int) -> Array:
    """Return moved points (468, 2) that stay put where the crop ends.

    What lies beyond the crop cannot be moved with it, and a chin drawn twice is worse than a long
    one.
    """
    points = np.asarray(points, np.float64)
    inside = np.minimum(points, crop_px - 1 - points).min(axis=1)
    freedom = ease(inside / (BORDER_SHARE * crop_px))[:, None]
    return points + freedom * (np.asarray(moved, np.float64) - points)


def _ring(points: Array, crop_px: int) -> Array:
    """(36, 2) points beyond the face's outline that stay put, inside the crop where possible."""
    outline = points[list(OVAL)]
    centre = outline.mean(axis=0)
    ring = (outline - centre) * RING_SCALE + centre
    nearest = (outline - centre) * 1.02 + centre
    held = np.clip(ring, 0, crop_px - 1)
    crossed = ((held - nearest) * np.sign(outline - centre) < 0).any(axis=1)
    return np.where(crossed[:, None], nearest, held)


def _ringed() -> NDArray[np.int32]:
    """Triangles of the face and of the band between its outline and the ring."""
    oval, count = list(OVAL), len(OVAL)
    band = []
    for index in range(count):
        after = (index + 1) % count
        band.append((oval[index], POINTS + index, oval[after]))
        band.append((oval[after], POINTS + index, POINTS + after))
    return np.ascontiguousarray(np.concatenate([TRIANGLES, np.array(band, np.int32)]), np.int32)


_RINGED: NDArray[np.int32] = _ringed()
