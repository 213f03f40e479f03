from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.faces import mesh


def areas(points: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b, c = (points[mesh.TRIANGLES[:, corner]] for corner in range(3))
    first, second = b - a, c - a
    return (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2


def test_the_canonical_face_fills_its_square_upright() -> None:
    assert mesh.CANONICAL.shape == (mesh.POINTS, 2)
    assert np.ptp(mesh.CANONICAL[:, 1]) == pytest.approx(1)
    assert mesh.CANONICAL.min() >= 0
    assert mesh.CANONICAL.max() <= 1
    assert mesh.CANONICAL[mesh.FOREHEAD, 1] < mesh.CANONICAL[mesh.CHIN, 1]


def test_left_and_right_are_the_subjects_own() -> None:
    assert mesh.CANONICAL[mesh.EYE_LEFT_OUTER, 0] > mesh.CANONICAL[mesh.EYE_RIGHT_OUTER, 0]


def test_mirrored_points_lie_on_the_other_side() -> None:
    mirrored = mesh.CANONICAL[mesh.MIRROR]
    np.testing.assert_allclose(mirrored[:, 0], 1 - mesh.CANONICAL[:, 0], atol=1e-6)
    np.testing.assert_allclose(mirrored[:, 1], mesh.CANONICAL[:, 1], atol=1e-6)


def test_the_border_of_the_triangles_is_the_oval() -> None:
    edges = Counter(
        frozenset(map(int, pair))
        for triangle in mesh.TRIANGLES
        for pair in (triangle[[0, 1]], triangle[[1, 2]], triangle[[2, 0]])
    )
    border = {edge for edge, count in edges.items() if count == 1}
    ring = {frozenset(pair) for pair in zip(mesh.OVAL, np.roll(mesh.OVAL, -1), strict=True)}
    assert border == ring


def test_no_triangle_of_the_texture_layout_is_folded() -> None:
    assert (areas(mesh.TEXTURE) < 0).all()


def test_the_mouth_and_the_eyes_are_open_in_the_texture_layout() -> None:
    def gap(points: NDArray[np.float64], upper: int, lower: int) -> float:
        return float(points[lower, 1] - points[upper, 1])

    for pair in ((mesh.MOUTH_UPPER, mesh.MOUTH_LOWER), (159, 145), (386, 374)):
        assert gap(mesh.TEXTURE, *pair) > 1.8 * gap(mesh.CANONICAL, *pair)


@pytest.mark.parametrize("group", ["STABLE", "MOUTH", "LIPS", "BROWS", "NOSE", "OVAL"])
def test_groups_of_points_are_symmetric_and_without_repeats(group: str) -> None:
    points = getattr(mesh, group)
    assert len(set(points)) == len(points)
    assert {int(mesh.MIRROR[p]) for p in points} == set(points)


def test_the_stable_points_leave_mouth_jaw_and_brows_out() -> None:
    assert not {*mesh.STABLE} & {*mesh.MOUTH, *mesh.BROWS}
