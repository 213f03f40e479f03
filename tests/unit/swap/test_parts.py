"""The swapper's arithmetic: components, regression, path, smoothing, texture regions."""

import numpy as np
import pytest

from mythmeter.faces.mesh import CANONICAL, EYE_LEFT, NOSE, OVAL, TRIANGLES
from mythmeter.faces.warp import rasterise, texture_points, warp
from mythmeter.swap.features import LIDS, LIPS, expression
from mythmeter.swap.geometry import (
    PersonShape,
    ShapeStatistics,
    affine_fit,
    head_turn,
    identity_shift,
    mouth_opening,
    shift_weights,
)
from mythmeter.swap.path import follow
from mythmeter.swap.regression import Components, KernelRidge
from mythmeter.swap.texture import carry_on, mouth_patch, upper_and_lower


def opened(opening: float) -> np.ndarray:
    shape = CANONICAL.copy()
    shape[14, 1] += opening
    return shape


def statistics_of(*shapes: np.ndarray) -> ShapeStatistics:
    statistics = ShapeStatistics()
    for shape in shapes:
        statistics.add(shape)
    return statistics


def test_components_restore_what_they_span() -> None:
    rng = np.random.default_rng(0)
    samples = (rng.normal(size=(20, 3)) @ rng.normal(size=(3, 200)) + 7).astype(np.float32)
    components, codes = Components.fit(samples, 10)
    assert codes.shape == (20, 3)
    assert np.allclose(components.decode(codes), samples, atol=1e-3)
    assert np.allclose(components.basis @ components.basis.T, np.eye(3), atol=1e-4)


def test_components_of_equal_samples_are_their_mean() -> None:
    samples = np.full((5, 30), 3, np.float32)
    components, codes = Components.fit(samples, 4)
    assert np.allclose(components.decode(codes), samples)


def test_ridge_predicts_between_what_it_has_seen() -> None:
    inputs = np.linspace(-2, 2, 41, dtype=np.float32)[:, None]
    ridge = KernelRidge.fit(inputs[::2], np.sin(inputs[::2]), ridge=0.001)
    assert np.abs(ridge.predict(inputs[1::2]) - np.sin(inputs[1::2])).max() < 0.05


def test_ridge_falls_back_to_zero_far_from_what_it_has_seen() -> None:
    inputs = np.linspace(-1, 1, 11, dtype=np.float32)[:, None]
    ridge = KernelRidge.fit(inputs, inputs + 5, ridge=0.03)
    assert np.abs(ridge.predict(np.array([[1000.0]], np.float32))).max() < 1e-6


def test_the_path_finds_the_frames_it_is_shown() -> None:
    known = np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32) * 5
    following = np.append(np.arange(1, 30), -1).astype(np.int32)
    assert follow(known, known[5:20], following, smoothness=0.5).tolist() == list(range(5, 20))


def test_the_path_prefers_filmed_neighbours_to_jumps() -> None:
    known = np.array([[0.0], [0.6], [1.2], [0.55], [5.0]], np.float32)
    following = np.array([1, 2, -1, -1, -1], np.int32)
    wanted = np.array([[0.0], [0.55], [1.1]], np.float32)
    assert follow(known, wanted, following, smoothness=1.0).tolist() == [0, 1, 2]


def test_regions_share_every_texel_of_the_face() -> None:
    upper, lower = upper_and_lower(64)
    total = np.zeros(64 * 64)
    total[upper.texels] += upper.weights
    total[lower.texels] += lower.weights
    covered = total > 0
    assert covered.mean() > 0.5
    assert np.allclose(total[covered], 1)


def test_a_mouth_changes_the_mouth_only() -> None:
    patch = mouth_patch(64)
    texture = np.full((64, 64, 3), 120, np.uint8)
    mouth = np.full_like(patch.cut(texture), 120)
    mouth[mouth.shape[0] // 2] = 250
    patch.lay(mouth, texture)
    changed = np.any(texture != 120, axis=-1)
    assert changed.any()
    changed[patch.rows, patch.columns] = False
    assert not changed.any()


def test_the_shift_is_zero_at_the_oval_and_one_at_the_nose() -> None:
    weights = shift_weights(CANONICAL)
    assert np.allclose(weights[list(OVAL)], 0)
    assert weights[4] == 1


def test_a_face_needs_no_shift_to_itself() -> None:
    shapes = [opened(o) for o in (0.0, 0.02, 0.05)]
    person = PersonShape.of(statistics_of(*shapes))
    assert np.abs(identity_shift(person, statistics_of(*shapes))).max() < 1e-6


def test_a_silent_performer_does_not_get_a_talkers_lips() -> None:
    person = PersonShape.of(statistics_of(*[opened(o) for o in (0.0, 0.02, 0.04, 0.06)]))
    shift = identity_shift(person, statistics_of(opened(0.0), opened(0.001)))
    assert abs(shift[14, 1]) < 0.004


def test_a_raised_head_is_not_taken_for_a_trait() -> None:
    person = PersonShape.of(statistics_of(opened(0.0), opened(0.02)))
    raised = [shape * [1.05, 0.9] + [0.0, 0.03] for shape in (opened(0.0), opened(0.02))]
    shift = identity_shift(person, statistics_of(*raised))
    assert np.abs(shift[[*NOSE, *EYE_LEFT]]).max() < 0.001


def test_an_affine_map_is_found() -> None:
    target = CANONICAL @ np.array([[1.1, 0.2], [-0.1, 0.8]]) + [0.3, -0.2]
    assert np.allclose(affine_fit(CANONICAL, target), target)
    assert np.allclose(head_turn(CANONICAL * [0.7, 1.0]), np.diag([0.7, 1.0]))


def test_opening_is_relative_to_the_eyes() -> None:
    assert mouth_opening(opened(0.05) * 3) == pytest.approx(mouth_opening(opened(0.05)))
    assert mouth_opening(opened(0.05)) > mouth_opening(opened(0.01))


def test_features_tell_a_blink_and_an_open_mouth_apart() -> None:
    picture = np.full((96, 96, 3), 128, np.uint8)
    still = expression(picture, (CANONICAL * 90).astype(np.float32))
    talking = expression(picture, (opened(0.05) * 90).astype(np.float32))
    blinking = CANONICAL.copy()
    blinking[[159, 386], 1] = blinking[[145, 374], 1]
    closed = expression(picture, (blinking * 90).astype(np.float32))
    assert np.abs(talking - still)[LIPS].max() > 0.3
    assert np.allclose(talking[LIDS], still[LIDS])
    assert (closed[LIDS] < 0.05).all()
    assert np.allclose(closed[LIPS], still[LIPS])


def test_a_texture_is_carried_on_beyond_its_mesh() -> None:
    """A face of one colour keeps it up to its outline: no black from beyond is mixed in."""
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[rasterise(texture_points(64), TRIANGLES, 64) >= 0] = 200
    known, points = texture_points(64), CANONICAL * 95.0
    picture, covered = warp(texture, known, points, 96)
    assert picture[covered].min() < 150
    carry_on(texture)
    picture, same = warp(texture, known, points, 96)
    assert picture[covered].min() >= 199
    assert np.array_equal(covered, same)
    assert (texture == 0).any()
