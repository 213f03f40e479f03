"""Parts hang on the head; the head has shapes and face actions."""

import numpy as np
import pytest

from mythmeter.errors import ConfigError, ModelError
from mythmeter.persona import head
from mythmeter.persona.proxies import read_part

FACES = [11, 0, 1, 2, 3, 0, 0, 1, 2, 3]


def part_data(faces: list[int]) -> dict:
    return {
        "metadata": {
            "ref_vIdxs": [[0, 1, 2]] * 4,
            "weights": [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0]],
            "offsets": [[0, 0, 1]] * 4,
        },
        "faces": faces,
        "uvs": [[0, 0, 1, 0, 1, 1, 0, 1]],
    }


def test_a_part_follows_the_vertices_that_it_hangs_on() -> None:
    part = read_part("hat", part_data(FACES))
    base = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0]], np.float32)
    still = part.fitted(base, np.ones(3, np.float32))
    np.testing.assert_allclose(still[3], [1, 0, 1])
    moved = part.fitted(base + [0, 5, 0], np.array([1, 1, 2], np.float32))
    np.testing.assert_allclose(moved - still, [[0, 5, 1]] * 4)


def test_quads_become_two_triangles_with_their_texture() -> None:
    part = read_part("hat", part_data(FACES))
    assert part.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert part.texture_triangles.tolist() == part.triangles.tolist()


def test_triangles_in_a_box_of_the_texture_can_be_left_out() -> None:
    part = read_part("hat", part_data(FACES)).without((0.0, 0.5, 0.5, 1.0))
    assert part.triangles.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("faces", [FACES[:-1], [10, *FACES[1:]]])
def test_anything_but_textured_quads_is_refused(faces: list[int]) -> None:
    with pytest.raises(ModelError, match="hat: its faces are not textured quads"):
        read_part("hat", part_data(faces))


def test_an_opened_jaw_moves_the_chin_down_and_the_brows_not() -> None:
    offsets, vertices = head.load_target("jawOpen"), head.load_base().vertices
    moved = np.abs(offsets).max(axis=1) > 0.01
    assert offsets[moved, 1].min() < -0.2
    assert not moved[vertices[:, 1] > 7.6].any()


def test_targets_add_up_by_weight() -> None:
    base = head.load_base()
    once = head.shape(base, {"chin/chin-height-incr": 1.0}) - base.vertices
    half = head.shape(base, {"chin/chin-height-incr": 0.5}) - base.vertices
    np.testing.assert_allclose(half, once / 2, atol=1e-5)
    assert np.abs(once).max() > 0.01


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(ConfigError, match="chin/beard is neither a face action nor a target"):
        head.load_target("chin/beard")
