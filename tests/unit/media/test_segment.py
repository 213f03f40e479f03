"""Seconds to frames."""

from fractions import Fraction

import pytest

from mythmeter.errors import MediaError
from mythmeter.media.segment import segment_frames

PAL, NTSC = Fraction(25), Fraction(24000, 1001)


@pytest.mark.parametrize(
    ("start_s", "end_s", "rate", "frames", "expected"),
    [
        (0, 3.0, PAL, 75, (0, 75)),
        (0.2, 0.52, PAL, 75, (5, 13)),
        (0.21, 0.53, PAL, 75, (6, 14)),
        (9.5, 19.5, NTSC, 472, (228, 468)),
        (1.0, None, PAL, 75, (25, 75)),
        (0.1 + 0.2, None, Fraction(10), 9, (4, 9)),
        (0.3, None, Fraction(10), 9, (3, 9)),
    ],
)
def test_a_segment_holds_the_frames_shown_in_it(start_s, end_s, rate, frames, expected) -> None:
    assert segment_frames(start_s, end_s, rate, frames) == expected


def test_segments_that_meet_share_no_frame() -> None:
    _, stop = segment_frames(0, 1.37, NTSC, 100)
    first, _ = segment_frames(1.37, 2.0, NTSC, 100)
    assert stop == first


@pytest.mark.parametrize(("start_s", "end_s"), [(-0.1, 1), (0, 3.01), (3.0, None), (5, 6)])
def test_a_segment_outside_the_clip_is_an_error(start_s, end_s) -> None:
    with pytest.raises(MediaError, match=r"does not lie inside the clip, which lasts 3\.000 s"):
        segment_frames(start_s, end_s, PAL, 75)


@pytest.mark.parametrize(("start_s", "end_s"), [(1, 1), (2, 1), (1.01, 1.02)])
def test_a_segment_without_a_frame_is_an_error(start_s, end_s) -> None:
    with pytest.raises(MediaError, match="holds no frame"):
        segment_frames(start_s, end_s, PAL, 75)
