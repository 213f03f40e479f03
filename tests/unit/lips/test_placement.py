import numpy as np
import pytest
from talking_faces import open_face

from mythmeter.faces.mesh import (
    CANONICAL,
    EYE_LEFT,
    EYE_RIGHT,
    LIPS,
    LIPS_INNER,
    LIPS_OUTER,
    LIPS_RINGS,
    MOUTH,
    NOSE,
)
from mythmeter.faces.pose import Pose, frontal_faces
from mythmeter.lips.articulation import opening
from mythmeter.lips.placement import Placement

REST = open_face(0.0)


def turned(face: np.ndarray, yaw_deg: float, pitch_deg: float, scale: float = 240.0) -> np.ndarray:
    """A face in another pose, in pixels."""
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    return Pose(scale * (about_x @ about_y)[:2], np.array([10.0, 5.0])).view(face)


@pytest.mark.parametrize("angles", [(0, 0), (20, 0), (0, -12), (-15, 10)])
def test_a_turned_face_is_brought_to_the_front(angles):
    faces = [turned(open_face(gap), *angles) for gap in (0.0, 0.02, 0.05)]
    frontal = frontal_faces(np.array(faces))
    gaps = opening(frontal[:, list(MOUTH)], MOUTH)
    np.testing.assert_allclose(gaps, opening(open_faces(), MOUTH), atol=2e-3)


def open_faces() -> np.ndarray:
    return np.array([open_face(gap)[list(MOUTH)] for gap in (0.0, 0.02, 0.05)])


def test_pose_and_its_inverse_agree():
    seen = turned(CANONICAL, 15, -8)
    pose = Pose.fit(CANONICAL, seen)
    np.testing.assert_allclose(pose.view(CANONICAL), seen, atol=1e-6)
    np.testing.assert_allclose(pose.frontal(seen), CANONICAL, atol=1e-8)


@pytest.mark.parametrize("angles", [(0, 0), (18, -8)])
def test_the_lips_take_the_wanted_shape_in_the_performers_pose(angles):
    wanted = open_face(0.04)
    moved = Placement(REST).place(wanted[list(MOUTH)], turned(REST, *angles))
    inner = [13, 14, 78, 308]
    np.testing.assert_allclose(moved[inner], turned(wanted, *angles)[inner], atol=0.3)


def test_a_performers_smile_does_not_reach_the_mouth():
    smiling = REST.copy()
    outward = np.sign(smiling[list(LIPS), 0] - 0.5)
    smiling[list(LIPS), 0] += outward * 0.05
    smiling[list(LIPS), 1] -= np.abs(CANONICAL[list(LIPS), 0] - 0.5) * 0.3
    shape = open_face(0.01)[list(MOUTH)]
    calm = Placement(REST).place(shape, turned(REST, 0, 0))
    laughing = Placement(REST).place(shape, turned(smiling, 0, 0))
    np.testing.assert_allclose(laughing[list(LIPS)], calm[list(LIPS)], atol=0.01)


def test_the_upper_face_stays_where_it_is():
    points = turned(REST, 10, -5)
    moved = Placement(REST).place(open_face(0.06)[list(MOUTH)], points)
    upper = [*EYE_LEFT, *EYE_RIGHT, *NOSE]
    np.testing.assert_array_equal(moved[upper], points[upper])


def test_the_chin_follows_the_mouth_and_a_laughing_chin_comes_up():
    points = turned(REST, 0, 0)
    opened = Placement(REST).place(open_face(0.06)[list(MOUTH)], points)
    assert opened[152, 1] > points[152, 1] + 3
    laughing = turned(open_face(0.08), 0, 0)
    closed = Placement(REST).place(REST[list(MOUTH)], laughing)
    assert closed[152, 1] < laughing[152, 1] - 3


def test_the_red_of_a_lip_moves_with_that_lip_alone():
    """Closed lips lie on each other: what is near is not what belongs together."""
    placement = Placement(REST)
    points = turned(REST, 0, 0)
    closed, opened = (placement.place(open_face(gap)[list(MOUTH)], points) for gap in (0.0, 0.08))
    motion = (opened - closed)[:, 1]
    outer, inner = motion[list(LIPS_OUTER)], motion[list(LIPS_INNER)]
    for ring in LIPS_RINGS:
        least, most = np.minimum(outer, inner), np.maximum(outer, inner)
        assert (motion[list(ring)] >= least - 1e-9).all()
        assert (motion[list(ring)] <= most + 1e-9).all()
    near, far = (np.abs(motion[list(ring)] - inner).mean() for ring in LIPS_RINGS[::-1])
    assert near < far


def test_the_rings_lie_between_the_contours_of_the_lips():
    outer, inner = CANONICAL[list(LIPS_OUTER)], CANONICAL[list(LIPS_INNER)]
    for ring in LIPS_RINGS:
        points = CANONICAL[list(ring)]
        way = np.linalg.norm(inner - outer, axis=1)
        detour = np.linalg.norm(points - outer, axis=1) + np.linalg.norm(inner - points, axis=1)
        assert (detour < 1.5 * way).all()
