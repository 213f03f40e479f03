"""Where hands cover the face.

A hand is drawn from its 21 points: capsules along the fingers, the palm as a polygon, and the start
of the arm. Breadths are those of a hand (a finger is a fifth as broad as the palm is long), a
little generous: a finger's edge in the swap shows more than a rim of the performer's skin.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import transform
from mythmeter.faces.hands import INDEX, LITTLE, MIDDLE, WRIST, Hand, HandsOfFrames
from mythmeter.faces.mask import face_mask

FINGER_OF_PALM: Final = 0.24
"""Breadth of a finger over the length of the palm."""
FINGER_OF_KNUCKLES: Final = 0.38
"""Breadth of a finger over the distance from the first to the last knuckle."""
SOFT_SHARE: Final = 0.012
"""Softness of the mask's edge, over the side of the crop."""
_FINGERS: Final = ((1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
_PALM: Final = (0, 1, 2, 5, 9, 13, 17)


def hands_mask(hands: Sequence[NDArray[Any]], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return (height, width) uint8, 255 where a hand is.

    Args:
        hands: (21, 2) points of each, in pixels of the picture.
        size: (height, width).
    """
    mask = np.zeros(size, np.uint8)
    for hand in hands:
        _draw(mask, np.asarray(hand, np.float64))
    return mask


def _draw(mask: NDArray[np.uint8], hand: NDArray[np.float64]) -> None:
    palm = float(np.linalg.norm(hand[MIDDLE] - hand[WRIST]))
    knuckles = float(np.linalg.norm(hand[LITTLE] - hand[INDEX]))
    breadth = max(1, round(max(FINGER_OF_PALM * palm, FINGER_OF_KNUCKLES * knuckles)))
    fixed = np.round(hand * 16).astype(np.int32)
    cv2.fillPoly(mask, [cv2.convexHull(fixed[list(_PALM)])], 255, cv2.LINE_AA, shift=4)
    for finger in _FINGERS:
        for start, end in pairwise(finger):
            cv2.line(mask, fixed[start], fixed[end], 255, breadth, cv2.LINE_AA, shift=4)
    for start, end in ((0, 5), (5, 9), (9, 13), (13, 17), (17, 0)):
        cv2.line(mask, fixed[start], fixed[end], 255, breadth, cv2.LINE_AA, shift=4)
    arm = hand[WRIST] + 0.8 * (hand[WRIST] - hand[MIDDLE])
    end = np.round(arm * 16).astype(np.int32)
    cv2.line(mask, fixed[WRIST], end, 255, max(breadth, round(0.6 * palm)), cv2.LINE_AA, shift=4)


def visible_mask(
    hands: Sequence[NDArray[Any]], matrix: NDArray[Any], crop_px: int
) -> NDArray[np.uint8]:
    """Return (crop_px, crop_px) uint8: 255 where nothing covers the face, 0 under hands.

    Args:
        hands: (21, 2) points in clip pixels.
        matrix: (2, 3), clip pixels to crop pixels.
    """
    if not hands:
        return np.full((crop_px, crop_px), 255, np.uint8)
    covered = hands_mask([transform(hand, matrix) for hand in hands], (crop_px, crop_px))
    soft = cv2.GaussianBlur(covered, (0, 0), max(SOFT_SHARE * crop_px, 0.5))
    return 255 - np.maximum(soft, 0)


def visible_share(mask: NDArray[np.uint8], points: NDArray[Any]) -> float:
    """Share of the face that a mask of `visible_mask` leaves, 0–1.

    Args:
        mask: (crop_px, crop_px).
        points: (468, 2 or more) in crop pixels.
    """
    face = face_mask(points, len(mask), erode=0, feather=0)
    return float((face * mask).sum() / max(float(face.sum()) * 255, 1e-6))


def steady_hands(hands: HandsOfFrames, frame: int, reach: int = 2) -> list[Hand]:
    """Hands of a frame, or where it has none, of the nearest one within `reach` frames.

    So the frames before a hand is first seen, and short losses, are masked too.
    """
    for away in range(reach + 1):
        for near in (frame - away, frame + away):
            found = hands[near] if 0 <= near < len(hands) else []
            if found:
                return found
    return []
