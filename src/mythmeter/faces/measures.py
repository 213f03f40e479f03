"""What the points of one frame say about the head, the eyes and the mouth."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mesh import (
    CANONICAL_CM,
    EYE_LEFT_INNER,
    EYE_LEFT_OUTER,
    EYE_RIGHT_INNER,
    EYE_RIGHT_OUTER,
    MOUTH_LOWER,
    MOUTH_UPPER,
    STABLE,
)

_LIDS_RIGHT: Final = ((160, 144), (159, 145), (158, 153))
_LIDS_LEFT: Final = ((387, 373), (386, 374), (385, 380))


def measure(points: NDArray[Any]) -> dict[str, float]:
    """Return pose, eye openness and mouth opening of (468, 3) points, by their column names."""
    yaw, pitch, roll = pose_deg(points)
    return {
        "yaw_deg": yaw,
        "pitch_deg": pitch,
        "roll_deg": roll,
        "eye_left": _openness(points, _LIDS_LEFT, EYE_LEFT_OUTER, EYE_LEFT_INNER),
        "eye_right": _openness(points, _LIDS_RIGHT, EYE_RIGHT_OUTER, EYE_RIGHT_INNER),
        "mouth_open": mouth_opening(points),
    }


def mouth_opening(points: NDArray[Any]) -> float:
    """Distance of the inner lips over that of the outer eye corners."""
    between_eyes = _distance(points, EYE_RIGHT_OUTER, EYE_LEFT_OUTER)
    return _distance(points, MOUTH_UPPER, MOUTH_LOWER) / max(between_eyes, 1e-6)


def pose_deg(points: NDArray[Any]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of (468, 3) points.

    Yaw is positive where the face turns to the picture's right, pitch where it looks up, roll where
    the head leans clockwise as seen. The rotation is the one that best turns the canonical face
    into the mesh (Kabsch 1976), by the points that expression does not move; no camera is assumed.
    """
    stable = list(STABLE)
    model = CANONICAL_CM[stable] * [1.0, -1.0, -1.0]  # y down, z away, as in the picture
    seen = np.asarray(points, np.float64)[stable]
    left, _, right = np.linalg.svd((seen - seen.mean(axis=0)).T @ (model - model.mean(axis=0)))
    sign = np.sign(np.linalg.det(left @ right))
    rotation = left @ np.diag([1.0, 1.0, sign]) @ right
    forward, rightward = -rotation[:, 2], rotation[:, 0]
    yaw = np.degrees(np.arctan2(forward[0], -forward[2]))
    pitch = np.degrees(np.arcsin(np.clip(-forward[1], -1, 1)))
    roll = np.degrees(np.arctan2(rightward[1], rightward[0]))
    return float(yaw), float(pitch), float(roll)


def _openness(
    points: NDArray[Any], lids: tuple[tuple[int, int], ...], outer: int, inner: int
) -> float:
    """Mean lid distance over eye width, in the plane of the picture."""
    between_lids = np.mean([_distance(points, upper, lower) for upper, lower in lids])
    return float(between_lids) / max(_distance(points, outer, inner), 1e-6)


def _distance(points: NDArray[Any], first: int, second: int) -> float:
    return float(np.hypot(*(points[first, :2] - points[second, :2])))
