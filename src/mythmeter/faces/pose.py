"""Head pose out of a face's points, and back in: so that shapes compare across poses.

Aligned points still differ between a face seen from the front and from the side, mostly because
the mouth stands out from the face. A view with depth, fitted to points that do not move with
expression, takes that out.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mesh import CANONICAL, CANONICAL_CM

Array = NDArray[np.float64]

RIGID: Final = (
    *(168, 6, 197, 195, 5, 4, 1, 122, 351, 196, 419, 174, 399),
    *(33, 133, 362, 263, 9, 8, 151, 193, 417, 114, 343),
)
"""Points of the upper face that neither speech nor a smile moves."""
NOSE_BASE: Final = (2, 94, 19, 97, 326)
"""Close to the mouth in place and depth, so they say where it is better than the eyes do."""

_SIZE_CM: Final = float(np.ptp(CANONICAL_CM[:, :2], axis=0).max())
DEPTH: Final[Array] = CANONICAL_CM[:, 2] / _SIZE_CM
"""(468,) depth of the canonical face in canonical units; larger is nearer to the camera."""


@dataclass(frozen=True)
class Pose:
    """A scaled orthographic view of a face: canonical x, y and depth to pixels."""

    matrix: Array
    """(2, 3)"""
    shift: Array
    """(2,)"""

    @classmethod
    def fit(cls, face: NDArray[Any], points: NDArray[Any]) -> "Pose":
        """Fit the view in which a frontal face (468, 2) is seen at points (468, 2), in pixels.

        Least squares over affine views of the rigid points, then the nearest view with equal scales
        and no shear; the base of the nose decides the shift.
        """
        solid, seen = with_depth(face), np.asarray(points, np.float64)
        rigid, base = list(RIGID), list(NOSE_BASE)
        centred_solid = solid[rigid] - solid[rigid].mean(axis=0)
        centred_seen = seen[rigid] - seen[rigid].mean(axis=0)
        affine = np.linalg.lstsq(centred_solid, centred_seen, rcond=None)[0].T
        left, scales, right = np.linalg.svd(affine, full_matrices=False)
        matrix = scales.mean() * left @ right
        return cls(matrix, (seen[base] - solid[base] @ matrix.T).mean(axis=0))

    def view(self, face: NDArray[Any]) -> Array:
        """Pixels (468, 2) at which a frontal face (468, 2) is seen."""
        seen: Array = with_depth(face) @ self.matrix.T + self.shift
        return seen

    def frontal(self, points: NDArray[Any]) -> Array:
        """Invert `view`: the frontal face (468, 2, canonical) that is seen at points (468, 2)."""
        flat = np.asarray(points, np.float64) - self.shift - DEPTH[:, None] * self.matrix[:, 2]
        face: Array = flat @ np.linalg.inv(self.matrix[:, :2]).T
        return face


def frontal_faces(points: NDArray[Any]) -> Array:
    """Turn faces of one person (n, 468, 2), in any pixels, to the front: (n, 468, 2), canonical.

    Two rounds: poses are first fitted with the canonical face, then with the person's own median.
    """
    own = CANONICAL
    faces = np.empty((len(points), *CANONICAL.shape))
    for _ in range(2 if len(points) else 0):
        for number, seen in enumerate(points):
            faces[number] = Pose.fit(own, seen).frontal(seen)
        own = np.median(faces, axis=0)
    return faces


def with_depth(face: NDArray[Any]) -> Array:
    """Append the canonical depth to a frontal face (468, 2): (468, 3)."""
    return np.column_stack([np.asarray(face, np.float64), DEPTH])
