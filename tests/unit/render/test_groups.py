"""Where groups of pictures begin."""

import numpy as np
import pytest

from mythmeter.render.groups import place_groups, steps_shown


def starts(group: np.ndarray) -> list[int]:
    return (np.flatnonzero(np.diff(group)) + 1).tolist()


def moving(frames: int) -> np.ndarray:
    return np.full(frames - 1, 4.0, np.float32)


UNKNOWN = np.full(99, np.nan, np.float32)


@pytest.mark.parametrize("steps", [UNKNOWN, np.zeros(99, np.float32), moving(100)])
def test_groups_are_of_one_length_where_no_moment_is_better(steps: np.ndarray) -> None:
    assert starts(place_groups(100, 4, steps)) == [25, 50, 75]
    assert starts(place_groups(100, 3, steps)) == [34, 67]


def test_a_group_begins_where_the_footage_moves_less_than_around() -> None:
    steps = moving(100)
    steps[[30, 49, 70]] = 2.0  # before frames 31, 50 and 71
    assert starts(place_groups(100, 4, steps)) == [31, 50, 71]


def test_a_group_begins_no_more_than_a_quarter_of_its_length_elsewhere() -> None:
    steps = moving(100)
    steps[[32, 57, 66]] = 1.5  # 8 frames beside the even places; 6 are the most
    assert starts(place_groups(100, 4, steps)) == [25, 50, 75]


def test_a_moment_of_motion_is_better_than_a_still_one() -> None:
    steps = np.full(99, 0.2, np.float32)
    steps[44:56] = 6.0
    steps[50] = 5.5
    # In the still half of its reach a key frame's own step would be all that is seen.
    assert starts(place_groups(100, 2, steps)) == [51]


def test_no_group_begins_at_a_frame_that_is_shown_again() -> None:
    steps = moving(100)
    steps[[22, 47, 72]] = 0.01
    assert not {23, 48, 73} & set(starts(place_groups(100, 4, steps)))


def test_one_frame_a_group_is_left_so() -> None:
    assert place_groups(5, 5, moving(5)).tolist() == [0, 1, 2, 3, 4]
    assert place_groups(1, 1, moving(1)).tolist() == [0]


def test_steps_follow_the_frames_that_are_shown_also_backwards() -> None:
    luma_step = np.array([np.nan, 1, 2, 3], np.float32)
    there_and_back = np.array([0, 1, 2, 3, 2, 1], np.int32)
    assert steps_shown(luma_step, there_and_back).tolist() == [1, 2, 3, 3, 2]
    again = steps_shown(luma_step, np.array([2, 3, 0, 1, 1], np.int32))
    np.testing.assert_array_equal(again, [3, np.nan, 1, np.nan])
