"""The seam score: a step at a join against those around it."""

import numpy as np
import pytest

from mythmeter.quality.seams import between_joins, joins_of, other_key_frames, seam_score


def test_an_even_video_scores_one() -> None:
    assert seam_score(np.full(30, 2.5), [10, 20]) == pytest.approx(1.0)


def test_a_step_twice_as_large_at_each_join_scores_two() -> None:
    steps = np.ones(30)
    steps[[9, 19]] = 2.0
    assert seam_score(steps, [10, 20]) == pytest.approx(2.0)
    assert seam_score(steps, between_joins([10, 20], 31)) == pytest.approx(1.0)


def test_another_join_is_not_a_neighbour() -> None:
    steps = np.ones(10)
    steps[[3, 5]] = 3.0
    assert seam_score(steps, [4, 6]) == pytest.approx(3.0)


def test_a_still_moment_does_not_decide() -> None:
    steps = np.full(40, 4.0)
    steps[:20] = 1e-6
    steps[9] = 0.1
    assert seam_score(steps, [10, 30]) == pytest.approx(1.0, abs=0.05)


def test_without_joins_or_motion_there_is_no_score() -> None:
    assert seam_score(np.ones(10), []) is None
    assert seam_score(np.zeros(10), [5]) is None


def test_a_join_outside_the_video_is_refused() -> None:
    with pytest.raises(ValueError, match="do not lie inside 11 frames"):
        seam_score(np.ones(10), [11])


def test_joins_are_the_first_frames_of_later_chunks() -> None:
    assert joins_of(np.array([1, 1, 2, 2, 2, 3], np.int16)) == [2, 5]
    assert joins_of(np.ones(4, np.int16)) == []


def test_other_key_frames_are_those_nearest_the_middles_of_chunks() -> None:
    key_frames = [0, 6, 12, 18, 24, 30]
    assert other_key_frames([12, 24], key_frames, 36) == [6, 18, 30]
    assert other_key_frames([12, 24], [0, 12, 24], 36) == []
