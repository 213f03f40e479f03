import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mask import face_mask, follow_edges, paste
from mythmeter.faces.mesh import BROWS, CHIN, FOREHEAD, NOSE_TIP


def test_the_mask_is_one_on_the_nose_and_zero_in_the_corners(
    face_points: NDArray[np.float64],
) -> None:
    mask = face_mask(face_points, 256)
    x, y = face_points[NOSE_TIP, :2].round().astype(int)
    assert mask.dtype == np.float32
    assert mask[y, x] > 0.999
    assert max(mask[0, 0], mask[0, -1], mask[-1, 0], mask[-1, -1]) == 0


def test_the_top_of_the_mask_keeps_hair_out(face_points: NDArray[np.float64]) -> None:
    brow, top = face_points[list(BROWS), 1].min(), face_points[FOREHEAD, 1]
    rows = [np.nonzero(face_mask(face_points, 256, 0, 0, b).max(axis=1))[0][0] for b in (0.45, 1)]
    assert abs(rows[0] - (brow + 0.45 * (top - brow))) < 2
    assert abs(rows[1] - top) < 2


def test_erosion_shrinks_the_mask_by_the_given_part_of_the_crop(
    face_points: NDArray[np.float64],
) -> None:
    bottom = np.nonzero(face_mask(face_points, 256, 0.05, 0).max(axis=1) > 0.5)[0][-1]
    assert abs(bottom - (face_points[CHIN, 1] - 0.05 * 256)) < 2


def test_a_mask_moves_smoothly_with_less_than_a_pixel(face_points: NDArray[np.float64]) -> None:
    sums = [face_mask(face_points + [shift, 0, 0], 256).sum() for shift in (0, 0.25, 0.5)]
    still = face_mask(face_points, 256)
    moved = face_mask(face_points + [0.25, 0, 0], 256)
    assert 0 < np.abs(moved - still).max() < 0.1
    assert np.ptp(sums) < 0.01 * sums[0]


def test_pasting_changes_nothing_where_the_mask_is_zero() -> None:
    rng = np.random.default_rng(6)
    frame = rng.integers(0, 256, (120, 160, 3), np.uint8)
    mask = np.zeros((64, 64), np.float32)
    mask[20:44, 20:44] = 1
    matrix = np.array([[1.0, 0, -30], [0, 1, -40]])
    crop = np.full((64, 64, 3), 50, np.uint8)
    pasted = paste(frame, crop, mask, matrix)
    changed = (pasted != frame).any(axis=2)
    outside = np.ones((120, 160), bool)
    outside[60:84, 50:74] = False
    assert not changed[outside].any()
    assert (pasted[60:84, 50:74] == 50).all()


def test_pasting_leaves_the_given_frame_alone_and_clips_at_its_border() -> None:
    frame = np.zeros((40, 40, 3), np.uint8)
    mask = np.ones((64, 64), np.float32)
    crop = np.full((64, 64, 3), 99, np.uint8)
    pasted = paste(frame, crop, mask, np.array([[1.0, 0, 20], [0, 1, 20]]))
    assert not frame.any()
    assert (pasted == 99).all()
    far = paste(frame, crop, mask, np.array([[1.0, 0, 500], [0, 1, 500]]))
    assert not far.any()


def test_a_narrower_border_at_the_jaw_changes_nothing_above_the_nose_s_base(
    face_points: NDArray[np.float64],
) -> None:
    usual, sharp = face_mask(face_points, 256), face_mask(face_points, 256, jaw=0.5)
    nose = int(face_points[2, 1])
    np.testing.assert_array_equal(usual[: nose - 1], sharp[: nose - 1])
    column = int(face_points[152, 0])
    widths = [((m[:, column] > 0.05) & (m[:, column] < 0.95))[nose:].sum() for m in (usual, sharp)]
    assert widths[1] < 0.7 * widths[0]
    assert sharp[int(face_points[152, 1]) - 8, column] > usual[int(face_points[152, 1]) - 8, column]


def test_a_soft_border_follows_an_edge_and_changes_nothing_beyond_it() -> None:
    ramp = np.tile(np.clip((np.arange(64) - 20) / 24, 0, 1).astype(np.float32), (64, 1))
    picture = np.full((64, 64, 3), 60, np.uint8)
    picture[:, 36:] = 180
    followed = follow_edges(ramp, picture)
    assert (followed[:, 36] - followed[:, 35]).min() > 2 * (ramp[:, 36] - ramp[:, 35]).max()
    assert np.array_equal(followed[:, :21], ramp[:, :21])
    assert np.array_equal(followed[:, 44:], ramp[:, 44:])
    assert followed.min() >= 0 and followed.max() <= 1


def test_on_a_flat_picture_a_border_stays_what_it_was() -> None:
    ramp = np.tile(np.clip((np.arange(64) - 20) / 24, 0, 1).astype(np.float32), (64, 1))
    assert np.abs(follow_edges(ramp, np.full((64, 64, 3), 90, np.uint8)) - ramp).max() < 0.05
