"""Where the person's mouth goes on the swapped face: pose from the points that do not speak.

The performer may laugh while the person speaks. So the mouth, and the cheeks and folds that a smile
moves, are not bent from where they are: the person's own face, at rest and then with the new mouth,
is put into the performer's pose. Only the outline of the jaw stays the performer's; it follows the
new mouth, and comes up by as much as the performer's open mouth had lowered it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mesh import (
    CANONICAL,
    CHIN,
    LIPS,
    LIPS_INNER,
    LIPS_OUTER,
    LIPS_RINGS,
    MOUTH,
    MOUTH_LOWER,
    MOUTH_UPPER,
    NOSE,
    OVAL,
)
from mythmeter.faces.pose import NOSE_BASE, Pose

Array = NDArray[np.float64]

RINGS = [point for ring in LIPS_RINGS for point in ring]

JAW_PER_OPENING = 0.4
"""How far the chin goes down when the lips part by one, measured on a performer who laughs: part of
a laugh is the upper lip's."""


def ease(ramp: Any) -> Array:
    """Cubic ease from 0 to 1 over 0..1."""
    inside = np.clip(np.asarray(ramp, np.float64), 0, 1)
    eased: Array = inside * inside * (3 - 2 * inside)
    return eased


class Placement:
    """Places mouth shapes of one person on swapped faces.

    Args:
        rest: (468, 2) the person's face with the mouth at rest, frontal, canonical coordinates.
    """

    def __init__(self, rest: NDArray[Any]) -> None:
        self._rest = np.asarray(rest, np.float64)
        self._spread = _spread_matrix(self._rest)
        self._reach = _reach()[:, None]
        self._outline = _outline_share()[:, None]
        self._jaw = _jaw_share()[:, None]

    def place(self, shape: NDArray[Any], points: NDArray[Any]) -> Array:
        """Return the swapped face (468, 2) in crop pixels with its lower part moved.

        Args:
            shape: (p, 2) points `mesh.MOUTH`, frontal, canonical coordinates.
            points: (468, 2) the swapped face as it is.
        """
        points = np.asarray(points, np.float64)
        pose = Pose.fit(self._rest, points)
        motion = self._spread @ (np.asarray(shape, np.float64) - self._rest[list(MOUTH)])
        inner = pose.view(self._rest + motion)
        lowered = JAW_PER_OPENING * max(_gap(pose.frontal(points)) - _gap(self._rest), 0)
        outline_motion = motion - lowered * self._jaw * [0, 1]
        outer = points + outline_motion @ pose.matrix[:, :2].T
        wanted = inner + self._outline * (outer - inner)
        return points + self._reach * (wanted - points)


def _gap(face: Array) -> float:
    """How far the lips of a frontal face are parted."""
    return float(face[MOUTH_LOWER, 1] - face[MOUTH_UPPER, 1])


def _jaw_share() -> Array:
    """How far each point (468,) goes down with the chin: 1 at the chin, 0 from the lips up."""
    lip, chin = CANONICAL[MOUTH_UPPER, 1], CANONICAL[CHIN, 1]
    return ease((CANONICAL[:, 1] - lip) / (chin - lip))


def _reach() -> Array:
    """How far each point (468,) belongs to the lower face: 1 at the lips, 0 from the nose up."""
    nose_tip, lip = CANONICAL[4, 1], CANONICAL[0, 1]
    down = ease((CANONICAL[:, 1] - nose_tip) / (lip - nose_tip))
    sideways = np.abs(CANONICAL[:, 0] - 0.5)
    inwards = ease((0.40 - sideways) / 0.16)
    reach = down * inwards
    reach[[*LIPS, *RINGS]] = 1
    reach[[*NOSE, *NOSE_BASE, 60, 290]] = 0
    return reach


def _outline_share() -> Array:
    """How far each point (468,) belongs to the outline of the jaw: 0 at the lips, 1 at the oval."""
    to_lips = _distance(CANONICAL, CANONICAL[list(LIPS_OUTER)])
    to_oval = _distance(CANONICAL, CANONICAL[list(OVAL)])
    share = ease(to_lips / np.maximum(to_lips + to_oval, 1e-9))
    share[[*LIPS, *RINGS]] = 0
    return share


def _distance(points: Array, others: Array) -> Array:
    distances: Array = np.linalg.norm(points[:, None] - others[None], axis=2).min(axis=1)
    return distances


def _spread_matrix(rest: Array) -> Array:
    """(468, p): motion of every point from that of the mouth's, by inverse distance cubed.

    The red of a lip moves with the contours of that lip: when lips are closed the other lip is as
    near, and would drag its skin over the open mouth.
    """
    mouth = list(MOUTH)
    distances = np.linalg.norm(rest[:, None] - rest[None, mouth], axis=2)
    weights = 1 / (distances + 0.005) ** 3
    weights /= weights.sum(axis=1, keepdims=True)
    # Far from the mouth its motion dies out; its own points move as they are told.
    weights *= ease(1 - (distances.min(axis=1, keepdims=True) - 0.02) / 0.12)
    weights[mouth] = np.eye(len(mouth))
    outer, inner = list(LIPS_OUTER), list(LIPS_INNER)
    outer_rows, inner_rows = np.searchsorted(mouth, outer), np.searchsorted(mouth, inner)
    for ring in map(list, LIPS_RINGS):
        from_outer = np.linalg.norm(rest[ring] - rest[outer], axis=1)
        from_inner = np.linalg.norm(rest[ring] - rest[inner], axis=1)
        share = from_outer / np.maximum(from_outer + from_inner, 1e-9)
        weights[ring] = 0
        weights[ring, outer_rows] = 1 - share
        weights[ring, inner_rows] = share
    return weights
