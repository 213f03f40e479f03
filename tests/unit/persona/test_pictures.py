"""The rasteriser, the textures and the relief."""

import numpy as np
import pytest

from mythmeter.faces.mesh import CANONICAL, EYE_LEFT, OVAL
from mythmeter.persona import portraits, raster, skin

SQUARE = np.array([[2, 2], [2, 14], [14, 14], [14, 2]], np.float32)
QUAD = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_the_nearest_triangle_is_seen() -> None:
    points = np.concatenate([SQUARE, SQUARE + 4])
    depth = np.array([5.0] * 4 + [3.0] * 4, np.float32)
    index, _, nearest = portraits.drawn(points, depth, np.concatenate([QUAD, QUAD + 4]), (20, 20))
    assert index[3, 3] in (0, 1)
    assert index[10, 10] in (2, 3)
    assert nearest[10, 10] == pytest.approx(3.0)
    assert index[0, 0] == raster.NOTHING


def test_triangles_seen_from_behind_can_be_left_out() -> None:
    index = np.full((20, 20), raster.NOTHING, np.int32)
    weights = np.zeros((20, 20, 2), np.float32)
    nearest = np.full((20, 20), np.inf, np.float32)
    depth = np.ones(4, np.float32)
    behind = np.ascontiguousarray(QUAD[:, ::-1])
    raster.visible(SQUARE, depth, behind, index, weights, nearest, True)
    assert (index == raster.NOTHING).all()
    raster.visible(SQUARE, depth, QUAD, index, weights, nearest, True)
    assert (index[4:12, 4:12] >= 0).all()


def test_weights_give_back_the_place_of_each_pixel() -> None:
    index, weights, _ = portraits.drawn(SQUARE, np.ones(4, np.float32), QUAD, (20, 20))
    places = portraits.blend_corners(weights, SQUARE[QUAD][index])
    np.testing.assert_allclose(places[5, 9], [9, 5], atol=1e-4)


def test_a_window_of_a_texture_keeps_what_is_at_each_coordinate() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)
    texture = np.stack([*np.meshgrid(ramp, ramp[::-1]), np.zeros((64, 64), np.float32)], axis=2)
    window = skin.Window(0.5, 0.25, 0.6, 0.35)
    cut = window.cut(texture)
    assert cut.shape[:2] == window.size
    height, width = window.size
    inside = window.inside(np.array([0.55, 0.3], np.float32))
    pixel = cut[round((1 - inside[1]) * height), round(inside[0] * width)]
    assert pixel[0] == pytest.approx(0.55, abs=0.02)
    assert pixel[1] == pytest.approx(0.3, abs=0.02)


def test_pores_are_fine_even_and_the_same_for_the_same_seed() -> None:
    first = skin.pores((64, 64), np.random.default_rng(1))
    assert first.mean() == pytest.approx(1, abs=0.05)
    assert 0.01 < first.std() < 0.1
    np.testing.assert_array_equal(first, skin.pores((64, 64), np.random.default_rng(1)))


def test_red_lids_turn_towards_the_hue_of_skin_and_lips_keep_theirs() -> None:
    base = np.full((60, 60, 3), (0.60, 0.35, 0.22), np.float32)
    lid, lip = (0.30, 0.10, 0.06), (0.50, 0.12, 0.11)
    base[5:20], base[40:55] = lid, lip
    lips = skin.lips_of(base)
    assert lips[47, 30, 0] > 0.99 and lips[12, 30, 0] < 0.01 and lips[30, 30, 0] < 0.01
    evened = skin.evened(base, lips)
    np.testing.assert_allclose(evened[47, 30], lip, atol=0.005)
    assert evened[12, 30, 0] / evened[12, 30, 1] < 0.85 * lid[0] / lid[1]
    np.testing.assert_allclose(evened.mean(axis=2), base.mean(axis=2), rtol=0.02)


def test_relief_leaves_out_eyes_brows_and_everything_off_the_face() -> None:
    onto = CANONICAL * 300 + 50
    weights = portraits.region_weights({"forehead": 1.0, "middle": 1.0}, onto, 400)
    eye = onto[list(EYE_LEFT)].mean(axis=0).round().astype(int)
    cheek, chin = onto[50].round().astype(int), onto[200].round().astype(int)
    assert weights[eye[1], eye[0]] < 0.05
    assert weights[cheek[1], cheek[0]] > 0.8
    assert weights[chin[1], chin[0]] < 0.05
    assert weights[0, 0] == 0
    low = int(onto[list(OVAL), 1].max()) + 10
    assert weights[low:].max() < 0.01


def test_relief_ignores_broad_shading() -> None:
    shading = np.tile(np.linspace(60, 200, 400, dtype=np.uint8)[None, :, None], (400, 1, 3))
    onto = CANONICAL * 300 + 50
    portrait = portraits.Portrait("ramp", shading, {"middle": 1.0}, 0.03)
    assert np.abs(portraits.relief(portrait, onto, onto, 400)).max() < 0.1
