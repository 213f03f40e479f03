"""The person's face shape on the performer's moving mesh.

Points are those of aligned crops, in fractions of the crop's side, so that crops of different
sizes compare.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces import mesh

Shape = NDArray[np.float64]
"""(468, 2) points in crop sides."""

UNSHIFTED: Shape = np.zeros((mesh.POINTS, 2))
"""The shift of a person in footage of her own: how the head was held there is no shape to bring."""


class ShapeStatistics:
    """Mean shape, and its dependence on how far the mouth is open, collected frame by frame."""

    def __init__(self) -> None:
        self._openings: list[float] = []
        self._shapes = np.zeros((mesh.POINTS, 2))
        self._products = np.zeros((mesh.POINTS, 2))

    def add(self, shape: Shape) -> None:
        """Add one frame."""
        opening = mouth_opening(shape)
        self._openings.append(opening)
        self._shapes += shape
        self._products += shape * opening

    @property
    def mean(self) -> Shape:
        """Mean shape."""
        return self._shapes / len(self._openings)

    @property
    def openings(self) -> NDArray[np.float64]:
        """(n,) mouth opening of each frame."""
        return np.array(self._openings)

    @property
    def per_opening(self) -> Shape:
        """How the shape changes with the mouth's opening: slope of a linear regression."""
        openings = self.openings
        covariance = self._products / len(openings) - self.mean * openings.mean()
        return covariance / max(float(openings.var()), 1e-9)


@dataclass(frozen=True)
class PersonShape:
    """What is known of a person's face shape."""

    mean: NDArray[np.float32]
    """(468, 2) mean shape."""
    per_opening: NDArray[np.float32]
    """(468, 2) change of shape with the mouth's opening."""
    openings: NDArray[np.float32]
    """(3,) mouth opening: 5th percentile, mean, 95th percentile."""

    @classmethod
    def of(cls, statistics: ShapeStatistics) -> Self:
        """Sum up the frames of a person."""
        openings = statistics.openings
        low, high = np.quantile(openings, (0.05, 0.95))
        return cls(
            statistics.mean.astype(np.float32),
            statistics.per_opening.astype(np.float32),
            np.array([low, openings.mean(), high], np.float32),
        )

    def at_opening(self, opening: float) -> Shape:
        """Mean shape with the mouth open so far, as far as it was seen to open."""
        low, mean, high = self.openings.astype(np.float64)
        beyond = np.clip(opening, low, high) - mean
        return self.mean.astype(np.float64) + self.per_opening * beyond


def identity_shift(person: PersonShape, performer: ShapeStatistics) -> Shape:
    """Return the (468, 2) shift that gives the performer's points the person's shape.

    It is the difference of the mean shapes, both with the mouth as open as the performer's usually
    is: a performer who talks little must not be given a talker's lips. What an affine map of the
    whole face explains is left out, because it is mostly the performer's pose (a raised chin) and
    the width of a head whose outline stays. Expressions that the performer wears throughout count
    as shape. The shift fades out towards the oval, where the performer's own head goes on.

    It is that of an unturned face: multiply it by `head_turn` of the shape it is added to.
    """
    mean = performer.mean
    known = person.at_opening(float(performer.openings.mean()))
    difference = affine_fit(known, mean) - mean
    unturned: Shape = (difference * shift_weights(mean)[:, None]) @ np.linalg.inv(head_turn(mean))
    return unturned


def affine_fit(shape: Shape, target: Shape) -> Shape:
    """Return a shape moved by the affine map that takes it closest to the target."""
    homogeneous = np.column_stack([shape, np.ones(len(shape))])
    matrix, *_ = np.linalg.lstsq(homogeneous, target, rcond=None)
    fitted: Shape = homogeneous @ matrix
    return fitted


def shift_weights(shape: Shape, border: float = 0.02, ramp: float = 0.16) -> NDArray[np.float64]:
    """Return (468,) weights: 0 at the oval, 1 at the centre of the face.

    Args:
        shape: of the face.
        border: distance from the oval, in crop sides, below which the weight is 0.
        ramp: distance over which it then rises to 1.
    """
    hull = cv2.convexHull(shape[list(mesh.OVAL)].astype(np.float32))
    inside = np.array([cv2.pointPolygonTest(hull, (float(x), float(y)), True) for x, y in shape])
    weights = np.clip((inside - border) / ramp, 0, 1)
    return weights * weights * (3 - 2 * weights)


def head_turn(shape: Shape) -> NDArray[np.float64]:
    """Return the (2, 2) linear map that takes the canonical face best to a shape.

    A turned head is narrower; a shift multiplied by this map turns with it.
    """
    centred = mesh.CANONICAL - mesh.CANONICAL.mean(axis=0)
    linear: NDArray[np.float64] = np.linalg.solve(centred.T @ centred, centred.T @ shape)
    return linear


def mouth_opening(shape: Shape) -> float:
    """Distance of the inner lips over that of the outer eye corners."""
    lips = np.linalg.norm(shape[mesh.MOUTH_UPPER] - shape[mesh.MOUTH_LOWER])
    eyes = np.linalg.norm(shape[mesh.EYE_RIGHT_OUTER] - shape[mesh.EYE_LEFT_OUTER])
    return float(lips / max(float(eyes), 1e-9))
