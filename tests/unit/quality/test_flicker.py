"""Flicker: what optical flow cannot explain from one frame to the next."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from mythmeter.faces.mesh import CANONICAL, LIPS
from mythmeter.quality.flicker import NOTHING, WarpError, flicker_metrics, warp_error

FACE = CANONICAL * 110 + [105, 65]


def skin(seed: int = 0) -> np.ndarray:
    """A picture with texture that flow can hold on to."""
    noise = np.random.default_rng(seed).normal(0, 1, (240, 320, 3))
    soft = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.clip(128 + 30 * soft / soft.std(), 0, 255).astype(np.uint8)


def moved(picture: np.ndarray, dx: float, dy: float = 0.0) -> np.ndarray:
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
    size = picture.shape[1], picture.shape[0]
    return cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REFLECT)


def brighter(picture: np.ndarray, levels: int) -> np.ndarray:
    return np.clip(picture.astype(np.int16) + levels, 0, 255).astype(np.uint8)


def mean_error(frames: list[np.ndarray]) -> float:
    return float(np.mean([warp_error(a, b, FACE).face for a, b in pairwise(frames)]))


def test_a_face_that_only_moves_does_not_flicker() -> None:
    assert warp_error(skin(), moved(skin(), 1.6, -0.7), FACE).face < 1.5
    # Without the flow, the same two frames differ by far more.
    plain = np.sqrt(np.square(skin().astype(float) - moved(skin(), 1.6, -0.7)).mean())
    assert plain > 10


def test_a_flicker_that_is_put_in_is_measured_in_levels_of_brightness() -> None:
    still = [moved(skin(), 0.5 * k) for k in range(6)]
    flickering = [brighter(f, 8 * (k % 2)) for k, f in enumerate(still)]
    assert mean_error(flickering) == pytest.approx(8, rel=0.2)
    assert mean_error(flickering) > 4 * mean_error(still)


def test_the_mouth_is_measured_apart_from_the_face() -> None:
    lips = FACE[list(LIPS)]
    (left, top), (right, bottom) = lips.min(axis=0).astype(int), lips.max(axis=0).astype(int)
    chattering = skin()
    chattering[top:bottom, left:right] = brighter(chattering, 20)[top:bottom, left:right]
    error = warp_error(skin(), chattering, FACE)
    assert error.mouth > 5
    assert error.face < 1


def test_a_large_face_is_reduced_and_a_tiny_one_is_not_measured() -> None:
    large = cv2.resize(skin(), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    assert warp_error(large, brighter(large, 8), FACE * 3).face == pytest.approx(8, rel=0.2)
    assert np.isnan(warp_error(skin(), skin(), CANONICAL * 12 + 50).face)


def test_the_mean_is_over_pairs_that_both_show_a_face_and_the_control_over_the_same() -> None:
    ours = [WarpError(2.0, 3.0), NOTHING, WarpError(4.0, 5.0)]
    theirs = [WarpError(1.0, 1.0), WarpError(9.0, 9.0), WarpError(2.0, 2.0)]
    metrics = flicker_metrics(ours, theirs)
    assert metrics["warp_error"].value == 3.0
    assert metrics["warp_error"].n == 2
    assert metrics["warp_error"].controls == {"untouched_footage": 1.5}
    assert metrics["warp_error_mouth"].value == 4.0


def test_no_pair_at_all_is_a_reason() -> None:
    for metric in flicker_metrics([NOTHING], [NOTHING]).values():
        assert metric.value is None
        assert metric.reason
