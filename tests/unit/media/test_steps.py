"""How much a picture differs from the one before it."""

import numpy as np
import pytest

from mythmeter.media.steps import LumaSteps


def grey(level: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def test_a_step_is_the_difference_of_luma_in_levels() -> None:
    steps = LumaSteps()
    assert np.isnan(steps.step(grey(100)))
    assert [steps.step(grey(level)) for level in (100, 107, 90)] == [0, 7, 17]


def test_grain_counts_in_full_and_is_not_averaged_away() -> None:
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (2, 480, 640, 1), np.uint8).repeat(3, axis=-1)
    steps = LumaSteps()
    steps.step(pictures[0])
    # Two independent levels of 0 to 255 lie a third of the range apart on average.
    assert steps.step(pictures[1]) == pytest.approx(255 / 3, rel=0.03)
