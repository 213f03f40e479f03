import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.faces.measures import measure, pose_deg
from mythmeter.faces.mesh import MOUTH_LOWER, NOSE_TIP


def rotated(points: NDArray[np.float64], axis: tuple[float, float, float], degrees: float):
    turn, _ = cv2.Rodrigues(np.radians(degrees) * np.array(axis))
    middle = points.mean(axis=0)
    return (points - middle) @ turn.T + middle


def test_a_frontal_face_has_no_pose(face_points: NDArray[np.float64]) -> None:
    assert pose_deg(face_points) == pytest.approx((0, 0, 0), abs=1e-6)


@pytest.mark.parametrize("degrees", [-30, 20])
@pytest.mark.parametrize(("angle", "axis"), [(0, (0, -1, 0)), (1, (-1, 0, 0)), (2, (0, 0, 1))])
def test_each_angle_is_recovered_with_its_sign(
    face_points: NDArray[np.float64], angle: int, axis: tuple[float, float, float], degrees: float
) -> None:
    expected = [0.0, 0.0, 0.0]
    expected[angle] = degrees
    turned = rotated(face_points, axis, degrees)
    assert pose_deg(turned) == pytest.approx(expected, abs=1e-6)


def test_yaw_is_positive_where_the_nose_points_to_the_pictures_right(
    face_points: NDArray[np.float64],
) -> None:
    turned = rotated(face_points, (0, -1, 0), 25)
    assert turned[NOSE_TIP, 0] > face_points[NOSE_TIP, 0]
    assert pose_deg(turned)[0] > 0


def test_pitch_is_positive_where_the_nose_points_up(face_points: NDArray[np.float64]) -> None:
    turned = rotated(face_points, (-1, 0, 0), 25)
    assert turned[NOSE_TIP, 1] < face_points[NOSE_TIP, 1]
    assert pose_deg(turned)[1] > 0


def test_closing_one_eye_lowers_its_openness_alone(face_points: NDArray[np.float64]) -> None:
    closed = face_points.copy()
    for upper, lower in ((387, 373), (386, 374), (385, 380)):
        closed[upper] = closed[lower]
    before, after = measure(face_points), measure(closed)
    assert after["eye_left"] == 0
    assert after["eye_right"] == before["eye_right"] > 0.15


def test_mouth_opening_does_not_depend_on_the_size_of_the_face(
    face_points: NDArray[np.float64],
) -> None:
    opened = face_points.copy()
    opened[MOUTH_LOWER, 1] += 30
    assert measure(opened)["mouth_open"] > measure(face_points)["mouth_open"] + 0.2
    assert measure(opened * 3)["mouth_open"] == pytest.approx(measure(opened)["mouth_open"])
