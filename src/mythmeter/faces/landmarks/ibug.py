"""The 68 points of iBUG 300-W (Sagonas et al. 2013, ICCVW) and where they lie on the face mesh.

Numbers are those of the mark-up less one: jaw 0–16 from the subject's right ear, brows 17–26, nose
27–35, eyes 36–47, lips 48–67. The jaw of the 2D mark-up is the visible outline, which no fixed
point of a mesh follows as the head turns: there the two agree only on faces seen from the front.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import CROP_MARGIN, Matrix, canonical_to_crop, similarity, transform
from mythmeter.faces.mesh import CANONICAL

COUNT: Final = 68

MESH_POINTS: Final = np.array(
    [
        *(127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356),
        *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),
        *(168, 197, 5, 4, 98, 97, 2, 326, 327),
        *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
        *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
        *(78, 82, 13, 312, 308, 317, 14, 87),
    ]
)
"""(68,) point of `mythmeter.faces.mesh` for each."""

INNER: Final = np.arange(17, COUNT)
"""All but the jaw."""
STABLE: Final = np.array([27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45])
"""Ridge and bottom of the nose, corners of the eyes: what expression moves least."""


def of_mesh(points: NDArray[Any]) -> NDArray[Any]:
    """Return (..., 68, 2) of (..., 468, 2 or 3) mesh points."""
    return np.asarray(points)[..., MESH_POINTS, :2]


def disagreement(points: NDArray[Any], mesh_points: NDArray[Any]) -> float:
    """Mean distance of 68 points from a mesh, jaw left out, over the distance of the outer eyes.

    Args:
        points: (68, 2).
        mesh_points: (468, 2 or 3) in the same pixels.
    """
    expected = of_mesh(mesh_points)
    between_eyes = float(np.hypot(*(expected[45] - expected[36])))
    apart = np.hypot(*(np.asarray(points)[INNER] - expected[INNER]).T)
    return float(apart.mean()) / max(between_eyes, 1e-6)


def crop_matrix_68(points: NDArray[Any], crop_px: int, margin: float = CROP_MARGIN) -> Matrix:
    """Map frame pixels to the canonical crop by (68, 2) points; see `align.crop_matrix`."""
    target = transform(CANONICAL[MESH_POINTS[STABLE]], canonical_to_crop(crop_px, margin))
    return similarity(np.asarray(points)[STABLE], target)
