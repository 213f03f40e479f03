"""A drawn face finished in its crop: matched in colour and light over time, inside a soft mask."""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces import mesh
from mythmeter.faces.colour import apply_gain, low_frequency_gain
from mythmeter.faces.mask import face_mask, follow_edges
from mythmeter.swap.crops import Crop
from mythmeter.swap.swappers.base import Drawn

NOT_SKIN = (
    mesh.EYE_RIGHT + mesh.BROW_RIGHT,
    mesh.EYE_LEFT + mesh.BROW_LEFT,
    mesh.LIPS_OUTER,
)
"""Points whose hulls have colours of their own."""

JAW = 0.5
"""The border at the jaw, over that elsewhere: a chin has a sharp edge."""

COLOUR_REACH = 4
"""Frames before and after over which the colour gain is averaged (Hann weights)."""


@dataclass(frozen=True)
class _Entry:
    """One crop on its way through the window."""

    crop: Crop
    drawn: Drawn | None
    mask: NDArray[np.float32] | None
    gain: NDArray[np.float32] | None
    """Low resolution, for this frame alone."""
    skin: float
    """How much skin the gain was measured on."""


@dataclass(frozen=True)
class Finished:
    """A crop with the drawn face in it, or as it was where nothing was drawn."""

    crop: Crop
    drawn: Drawn | None
    picture: NDArray[np.uint8]


class Finisher:
    """Blends drawn faces into their crops, frame by frame and in order.

    Colour and light are those of the performer's skin, as a smooth gain: shadows stay in
    proportion, so eyes do not drown where the performer is darker, and her lips and brows do not
    stain the person. The gain is averaged over a sliding window of nine frames of one span: an
    overlap and cross-fade at every frame. However frames are batched, there is no border at which
    colours could jump. What a hand covers is neither measured nor changed.
    """

    def __init__(self) -> None:
        self._window: deque[_Entry] = deque()
        self._next = 0
        """Place in the window of the entry that comes out next."""

    def push(self, crop: Crop, drawn: Drawn | None) -> list[Finished]:
        """Add a frame; return those that became certain, in order."""
        self._window.append(_measured(crop, drawn))
        return self._out(COLOUR_REACH)

    def flush(self) -> list[Finished]:
        """Return the rest; the finisher is then ready for another segment."""
        rest = self._out(0)
        self._window.clear()
        self._next = 0
        return rest

    def _out(self, ahead: int) -> list[Finished]:
        finished = []
        while self._next + ahead < len(self._window):
            finished.append(self._finish(self._next))
            self._next += 1
            if self._next > COLOUR_REACH:
                self._window.popleft()
                self._next -= 1
        return finished

    def _finish(self, place: int) -> Finished:
        entry = self._window[place]
        if entry.drawn is None or entry.mask is None or entry.gain is None:
            return Finished(entry.crop, None, entry.crop.picture)
        picture = entry.crop.picture
        face = apply_gain(entry.drawn.picture, self._gain(place))
        blended = picture + (face.astype(np.float32) - picture) * entry.mask[..., None]
        return Finished(entry.crop, entry.drawn, np.clip(blended + 0.5, 0, 255).astype(np.uint8))

    def _gain(self, place: int) -> NDArray[np.float32]:
        """Gain of one frame, averaged with its neighbours' in the same span."""
        entry = self._window[place]
        total, weights = np.zeros_like(entry.gain), 0.0
        for other in list(self._window)[max(0, place - COLOUR_REACH) : place + COLOUR_REACH + 1]:
            away = abs(other.crop.frame - entry.crop.frame)
            if other.gain is None or other.crop.span != entry.crop.span or away > COLOUR_REACH:
                continue
            hann = np.cos(np.pi / 2 * away / (COLOUR_REACH + 1)) ** 2
            weight = hann * (other.skin + 1e-3)
            total, weights = total + weight * other.gain, weights + weight
        averaged: NDArray[np.float32] = (total / weights).astype(np.float32)
        return averaged


def _measured(crop: Crop, drawn: Drawn | None) -> _Entry:
    if crop.points is None or drawn is None:
        return _Entry(crop, None, None, None, 0.0)
    size = len(crop.picture)
    mask = follow_edges(face_mask(crop.points, size, jaw=JAW), crop.picture)
    mask[~drawn.covered] = 0
    if crop.visible is not None:
        mask *= crop.visible.astype(np.float32) / 255
    skin = (mask > 0.3) & ~_features(crop.points, size) & ~_features(drawn.points, size)
    gain = low_frequency_gain(drawn.picture, crop.picture, skin, gain=(0.25, 4.0))
    return _Entry(crop, drawn, mask, gain, float(skin.mean()))


def finish(
    picture: NDArray[np.uint8], points: NDArray[np.float32], drawn: Drawn
) -> NDArray[np.uint8]:
    """Return one crop with the drawn face in it, without its neighbours.

    Args:
        picture: (crop_px, crop_px, 3) the performer's crop.
        points: (468, 2) of the performer, in crop pixels.
        drawn: the person's face.

    The picture is unchanged where the mask is 0.
    """
    finisher = Finisher()
    finisher.push(Crop(0, picture, points, None), drawn)
    return finisher.flush()[0].picture


def _features(points: NDArray[np.float32], size_px: int) -> NDArray[np.bool_]:
    """Where eyes, brows and lips are: (size_px, size_px)."""
    covered = np.zeros((size_px, size_px), np.uint8)
    for ring in NOT_SKIN:
        hull = cv2.convexHull(points[list(ring)].astype(np.float32))
        cv2.fillConvexPoly(covered, np.round(hull).astype(np.int32), 1)
    return covered > 0
