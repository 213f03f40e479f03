import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.faces import warp
from mythmeter.faces.mesh import TRIANGLES


def test_neighbouring_triangles_leave_no_pinholes() -> None:
    rng = np.random.default_rng(5)
    grid = np.stack(np.meshgrid(np.linspace(0, 63, 9), np.linspace(0, 63, 9)), axis=2)
    inner = grid[1:-1, 1:-1]
    inner += rng.uniform(-3, 3, inner.shape)
    corner = np.arange(81).reshape(9, 9)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]
    halves = [np.stack(t, axis=2).reshape(-1, 3) for t in ((a, c, b), (b, c, d))]
    triangles = np.concatenate(halves).astype(np.int32)
    assert (warp.rasterise(grid.reshape(-1, 2), triangles, 64) >= 0).all()


def test_pixels_outside_the_mesh_have_no_triangle() -> None:
    points = np.array([[10.0, 10], [10, 20], [20, 10]])
    index = warp.rasterise(points, np.array([[0, 1, 2]], np.int32), (30, 40))
    assert index.shape == (30, 40)
    assert index[11, 11] == 0
    assert (index >= 0).sum() == 66


def test_triangles_that_face_the_camera_cover_those_that_do_not() -> None:
    points = np.array([[0.0, 0], [0, 20], [20, 0]])
    facing, turned_away = [0, 1, 2], [0, 2, 1]
    for order in ([facing, turned_away], [turned_away, facing]):
        index = warp.rasterise(points, np.array(order, np.int32), 21)
        assert order[index[5, 5]] == facing


def test_points_out_of_the_picture_are_clipped() -> None:
    points = np.array([[-50.0, -50], [-50, 90], [90, -50]])
    assert (warp.rasterise(points, np.array([[0, 1, 2]], np.int32), 8) == 0).all()


def test_warping_a_face_onto_itself_changes_nothing_inside_it(
    face_points: NDArray[np.float64], smooth_picture: NDArray[np.uint8]
) -> None:
    warped, valid = warp.warp(smooth_picture, face_points, face_points, 256)
    np.testing.assert_array_equal(warped[valid], smooth_picture[valid])
    assert not warped[~valid].any()
    assert 0.3 < valid.mean() < 0.8


def test_a_shifted_target_shows_the_picture_shifted(
    face_points: NDArray[np.float64], smooth_picture: NDArray[np.uint8]
) -> None:
    moved = face_points[:, :2] + [12, -7]
    warped, valid = warp.warp(smooth_picture, face_points, moved, (256, 300))
    rows, columns = np.nonzero(valid)
    np.testing.assert_allclose(
        warped[rows, columns].astype(int), smooth_picture[rows + 7, columns - 12], atol=1
    )


def test_a_face_survives_the_way_to_texture_space_and_back(
    face_points: NDArray[np.float64], smooth_picture: NDArray[np.uint8]
) -> None:
    texture, covered = warp.unwrap(smooth_picture, face_points, 160)
    assert texture.shape == (160, 160, 3)
    assert covered.mean() > 0.7
    back, valid = warp.warp(texture, warp.texture_points(160), face_points, 256)
    assert np.abs(back[valid].astype(int) - smooth_picture[valid]).mean() < 1


@pytest.mark.parametrize("texture_px", [32, 160])
def test_the_texture_is_filled_to_its_border(texture_px: int) -> None:
    points = warp.texture_points(texture_px)
    assert points.min() == 0
    assert points.max() == texture_px - 1


def test_a_map_gives_what_the_warp_samples(face_points: NDArray[np.float64]) -> None:
    doubled = face_points[:, :2] * 2
    pixels, valid = warp.warp_map(doubled, face_points, 256, TRIANGLES)
    rows, columns = np.nonzero(valid)
    expected = np.stack([columns, rows], axis=1) * 2
    np.testing.assert_allclose(pixels[rows, columns], expected, atol=1e-3)
