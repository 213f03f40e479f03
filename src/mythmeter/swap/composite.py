"""A drawn face finished in its crop: matched in colour and light, inside a soft mask."""

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.colour import match_colour, match_low_frequencies
from mythmeter.faces.mask import face_mask
from mythmeter.swap.swappers.base import Drawn


def finish(
    picture: NDArray[np.uint8], points: NDArray[np.float32], drawn: Drawn
) -> NDArray[np.uint8]:
    """Return the crop with the drawn face in it.

    Args:
        picture: (crop_px, crop_px, 3) the performer's crop.
        points: (468, 2) of the performer, in crop pixels.
        drawn: the person's face.

    The picture is unchanged where the mask is 0.
    """
    mask = face_mask(points, len(picture))
    mask[~drawn.covered] = 0
    inside = mask > 0.3
    face = match_colour(drawn.picture, picture, mask)
    face = match_low_frequencies(face, picture, inside)
    blended = picture + (face.astype(np.float32) - picture) * mask[..., None]
    return np.clip(blended + 0.5, 0, 255).astype(np.uint8)
