"""A drawn face finished in its crop: matched in colour and light, inside a soft mask."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces import mesh
from mythmeter.faces.colour import match_low_frequencies
from mythmeter.faces.mask import face_mask
from mythmeter.swap.swappers.base import Drawn

NOT_SKIN = (
    mesh.EYE_RIGHT + mesh.BROW_RIGHT,
    mesh.EYE_LEFT + mesh.BROW_LEFT,
    mesh.LIPS_OUTER,
)
"""Points whose hulls have colours of their own."""


def finish(
    picture: NDArray[np.uint8], points: NDArray[np.float32], drawn: Drawn
) -> NDArray[np.uint8]:
    """Return the crop with the drawn face in it.

    Colour and light are those of the performer's skin, as a smooth gain: shadows stay in
    proportion, so eyes do not drown where the performer is darker, and her lips and brows do not
    stain the person.

    Args:
        picture: (crop_px, crop_px, 3) the performer's crop.
        points: (468, 2) of the performer, in crop pixels.
        drawn: the person's face.

    The picture is unchanged where the mask is 0.
    """
    mask = face_mask(points, len(picture))
    mask[~drawn.covered] = 0
    skin = (mask > 0.3) & ~_features(points, len(picture)) & ~_features(drawn.points, len(picture))
    face = match_low_frequencies(drawn.picture, picture, skin, gain=(0.25, 4.0))
    blended = picture + (face.astype(np.float32) - picture) * mask[..., None]
    return np.clip(blended + 0.5, 0, 255).astype(np.uint8)


def _features(points: NDArray[np.float32], size_px: int) -> NDArray[np.bool_]:
    """Where eyes, brows and lips are: (size_px, size_px)."""
    covered = np.zeros((size_px, size_px), np.uint8)
    for ring in NOT_SKIN:
        hull = cv2.convexHull(points[list(ring)].astype(np.float32))
        cv2.fillConvexPoly(covered, np.round(hull).astype(np.int32), 1)
    return covered > 0
