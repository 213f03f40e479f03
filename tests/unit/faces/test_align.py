import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.faces.align import (
    canonical_points,
    canonical_to_crop,
    crop_matrix,
    cut,
    invert,
    similarity,
    transform,
)
from mythmeter.faces.mesh import CANONICAL


def turned(angle_deg: float, scale: float, shift: tuple[float, float]) -> NDArray[np.float64]:
    matrix = cv2.getRotationMatrix2D((0.0, 0.0), angle_deg, scale)
    matrix[:, 2] += shift
    return np.asarray(matrix)


def test_a_similarity_is_recovered_exactly() -> None:
    source = np.random.default_rng(1).normal(size=(20, 2))
    matrix = turned(33, 2.5, (7, -4))
    np.testing.assert_allclose(similarity(source, transform(source, matrix)), matrix, atol=1e-9)


def test_a_mirrored_target_is_met_by_rotation_and_never_by_reflection() -> None:
    source = np.random.default_rng(2).normal(size=(20, 2))
    found = similarity(source, source * [-1, 1])
    assert np.linalg.det(found[:, :2]) > 0


def test_a_face_anywhere_in_a_frame_is_brought_to_the_canonical_crop(
    face_points: NDArray[np.float64],
) -> None:
    in_frame = transform(face_points, turned(-25, 0.7, (300, 120)))
    in_crop = transform(in_frame, crop_matrix(in_frame, 128))
    np.testing.assert_allclose(in_crop, transform(CANONICAL, canonical_to_crop(128)), atol=1e-6)


def test_canonical_points_undo_place_size_and_roll(face_points: NDArray[np.float64]) -> None:
    in_frame = transform(face_points, turned(40, 3, (-50, 900)))
    np.testing.assert_allclose(canonical_points(in_frame), CANONICAL, atol=1e-9)


def test_inverting_a_matrix_brings_points_back() -> None:
    points = np.random.default_rng(3).normal(size=(5, 2)) * 100
    matrix = turned(10, 0.3, (5, 6))
    np.testing.assert_allclose(transform(transform(points, matrix), invert(matrix)), points)


@pytest.mark.parametrize("scale", [0.1, 0.25, 0.5, 1.0, 2.0])
def test_a_cut_shows_each_pixel_where_the_matrix_puts_it(scale: float) -> None:
    y, x = np.mgrid[0:600, 0:900]
    # Floats, so that eight-bit rounding does not hide a shift of a part of a pixel.
    frame = np.stack([x, y, np.full_like(x, 90)], axis=2).astype(np.float32)
    matrix = turned(12, scale, (0, 0))
    matrix[:, 2] = [32, 32] - matrix[:, :2] @ [450, 300]
    crop = cut(frame, matrix, 64)
    rows, columns = np.mgrid[16:49, 16:49]
    seen = transform(np.stack([columns, rows], axis=2), invert(matrix))
    margin = 4 + 2 / scale
    inside = (seen > margin).all(axis=2) & (seen < [899 - margin, 599 - margin]).all(axis=2)
    assert inside.sum() > 100
    error = (crop[rows, columns, :2] - seen)[inside]
    # OpenCV places samples to a 32nd of a pixel, of the averaged picture.
    assert np.abs(error).max() < max(1, 1 / scale) / 15
    assert np.abs(error.mean(axis=0)).max() < max(1, 1 / scale) / 60


def test_a_large_face_is_averaged_down_not_aliased() -> None:
    noise = np.random.default_rng(4).integers(0, 2, (512, 512, 1), np.uint8) * 255
    crop = cut(np.repeat(noise, 3, axis=2), np.array([[0.125, 0, 0], [0, 0.125, 0]]), 64)
    assert crop[8:-8, 8:-8].std() < 30


def test_outside_the_frame_its_edge_goes_on() -> None:
    frame = np.full((40, 40, 3), 200, np.uint8)
    crop = cut(frame, np.array([[1.0, 0, 500], [0, 1.0, 500]]), 16)
    assert (crop == 200).all()
