"""Hands near faces: 21 points of each, so that they can be masked out of a swap.

Models: the palm detector and the hand landmarks of MediaPipe (Zhang et al. 2020,
arXiv:2006.10214). The region of a frame comes from the points of the frame before; the palm
detector looks for new hands every few frames.
"""

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import cut, invert, transform
from mythmeter.faces.landmarks.detector import anchors
from mythmeter.faces.landmarks.region import Region
from mythmeter.faces.landmarks.tflite import TfliteModel

ASSETS: Final = ("palm_detector", "hand_landmarks")
LOOK_EVERY_FRAMES: Final = 4
MAX_HANDS: Final = 2
MIN_PALM: Final = 0.5
MIN_HAND: Final = 0.5
NEAR_FACES: Final = 1.0
"""Hands further than this from every face, in widths of the face, are let go."""

Hand = NDArray[np.float32]
"""(21, 2) x, y in frame pixels: wrist, then four points of each finger from the thumb on."""

WRIST, INDEX, MIDDLE, RING, LITTLE = 0, 5, 9, 13, 17
_STEADY = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
"""Points that make the region of the next frame; finger tips would make it jump."""


class HandsOfFrames:
    """Hands of each frame of a clip in two flat arrays.

    Small arrays that live as long as a clip would pin the heap between its decoded frames, and
    memory would not stay flat.
    """

    def __init__(self) -> None:
        self._values, self._ends = array("f"), array("q", [0])

    def append(self, hands: Sequence[Hand]) -> None:
        """Add the next frame's."""
        for hand in hands:
            self._values.frombytes(np.ascontiguousarray(hand, np.float32).tobytes())
        self._ends.append(len(self._values))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, frame: int) -> list[Hand]:
        values = np.array(self._values[self._ends[frame] : self._ends[frame + 1]], np.float32)
        return list(values.reshape(-1, 21, 2))


class HandTracker:
    """Follows the hands that are near faces."""

    def __init__(self, models: Mapping[str, Path]) -> None:
        """Load the assets `palm_detector` and `hand_landmarks`."""
        self._palms = TfliteModel(models["palm_detector"])
        self._hand = TfliteModel(models["hand_landmarks"])
        self._anchors = anchors(self._palms.side_px)
        self._regions: list[Region] = []
        self._since_look = LOOK_EVERY_FRAMES

    def observe(
        self, frame: NDArray[np.uint8], boxes: Sequence[NDArray[Any]], *, cut_here: bool = False
    ) -> list[Hand]:
        """Return the hands of the next frame that are near one of the faces.

        Args:
            frame: (height, width, 3) RGB.
            boxes: (4,) left, top, right, bottom of each face; without any, nothing is looked for.
            cut_here: whether this frame begins a new shot.
        """
        if cut_here or not boxes:
            self._regions, self._since_look = [], LOOK_EVERY_FRAMES
        if not boxes:
            return []
        found: list[Hand] = []
        regions, lost = self._regions, False
        self._regions = []
        for region in regions:
            lost |= not self._fit(frame, region, boxes, found)
        self._since_look += 1
        if lost or (self._since_look >= LOOK_EVERY_FRAMES and len(found) < MAX_HANDS):
            self._since_look = 0
            for region in self._detect(frame):
                known = any(r.holds(region.centre) for r in self._regions)
                if len(found) < MAX_HANDS and not known:
                    # The palm's region is rough: the second pass starts from the first's points.
                    self._fit(frame, _around(self._points(frame, region)[0]), boxes, found)
        return found

    def _fit(
        self,
        frame: NDArray[np.uint8],
        region: Region,
        boxes: Sequence[NDArray[Any]],
        found: list[Hand],
    ) -> bool:
        """Fit one hand; add it, and its region of the next frame, where there is one."""
        hand, presence = self._points(frame, region)
        if presence < MIN_HAND:
            return False
        if not any(_near(hand, box) for box in boxes) or any(_same(hand, other) for other in found):
            return False
        found.append(hand)
        self._regions.append(_around(hand))
        return True

    def _points(self, frame: NDArray[np.uint8], region: Region) -> tuple[Hand, float]:
        matrix = region.matrix(self._hand.side_px)
        picture = cut(frame, matrix, self._hand.side_px, cv2.INTER_LINEAR)
        points, presence, *_ = self._hand(np.asarray(picture, np.float32) / 255)
        hand = transform(points.reshape(21, 3), invert(matrix)).astype(np.float32)
        return hand, float(presence.ravel()[0])

    def _detect(self, frame: NDArray[np.uint8]) -> list[Region]:
        """Regions of hands whose palms the detector sees, best first."""
        side, longer = self._palms.side_px, max(frame.shape[:2])
        top, left = (longer - frame.shape[0]) // 2, (longer - frame.shape[1]) // 2
        square = cv2.copyMakeBorder(
            frame,
            *(top, longer - frame.shape[0] - top, left, longer - frame.shape[1] - left),
            cv2.BORDER_CONSTANT,
        )
        small = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
        values, logits = self._palms(small.astype(np.float32) / 255)
        scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -80, 80)))
        regions: list[Region] = []
        for index in np.argsort(-scores)[:40]:
            if scores[index] < MIN_PALM or len(regions) >= MAX_HANDS:
                break
            # Four numbers of a box (centre and size), then seven key points: wrist first, the
            # root of the middle finger third.
            pairs = values[index].reshape(-1, 2).astype(np.float64) / side
            centre, *points = (pairs[[0, 2, 4]] + self._anchors[index]) * longer - [left, top]
            region = _of_palm(centre, float(pairs[1].max()) * longer, points[0], points[1])
            if not any(r.holds(region.centre) for r in regions):
                regions.append(region)
        return regions


def _of_palm(
    centre: NDArray[Any], side_px: float, wrist: NDArray[Any], middle: NDArray[Any]
) -> Region:
    angle = _upright(middle - wrist)
    up = np.array([np.sin(angle), -np.cos(angle)])
    return Region(centre + 0.5 * side_px * up, 2.6 * max(side_px, 1.0), angle)


def _around(hand: Hand) -> Region:
    angle = _upright((hand[INDEX] + 2 * hand[MIDDLE] + hand[RING]) / 4 - hand[WRIST])
    turn = cv2.getRotationMatrix2D((0.0, 0.0), np.degrees(angle), 1.0)
    upright = transform(hand[list(_STEADY)], turn)
    low, high = upright.min(axis=0), upright.max(axis=0)
    side = max(float((high - low).max()), 1.0)
    up = np.array([np.sin(angle), -np.cos(angle)])
    return Region(transform((low + high) / 2, invert(turn)) + 0.1 * side * up, 2.0 * side, angle)


def _upright(direction: NDArray[Any]) -> float:
    """The angle by which a region leans whose up points in a direction."""
    return float(np.arctan2(direction[1], direction[0]) + np.pi / 2)


def _near(hand: Hand, box: NDArray[Any]) -> bool:
    reach = NEAR_FACES * float(box[2] - box[0])
    low, high = hand.min(axis=0), hand.max(axis=0)
    return bool((low < box[2:] + reach).all() and (high > box[:2] - reach).all())


def _same(hand: Hand, other: Hand) -> bool:
    """Whether two fits lie on one hand."""
    size = float(np.ptp(other, axis=0).max())
    return float(np.linalg.norm(hand - other, axis=1).mean()) < 0.3 * size
