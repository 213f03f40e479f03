from fractions import Fraction

import numpy as np
import pytest

from mythmeter.errors import MediaError
from mythmeter.media import window as window_module
from mythmeter.media.encode import VideoWriter
from mythmeter.media.window import FrameWindow

FRAMES = 40


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mkv"
    with VideoWriter(path, rate=Fraction(24000, 1001), size=(16, 16)) as video:
        for number in range(FRAMES):
            video.write(np.full((16, 16, 3), number * 5, np.uint8))
    return path


def number_of(frame: np.ndarray) -> int:
    return int(frame[0, 0, 0]) // 5


@pytest.mark.parametrize(
    "order",
    [range(FRAMES), range(FRAMES - 1, -1, -1), [*range(30, 40), *range(10)], [7, 3, 39, 0, 3]],
)
def test_frames_come_in_any_order(clip, order):
    window = FrameWindow(clip, FRAMES, read_ahead=4, keep=6)
    assert [number_of(window[n]) for n in order] == list(order)


def test_no_more_frames_are_held_than_said(clip):
    window = FrameWindow(clip, FRAMES, read_ahead=4, keep=6)
    for number in [*range(FRAMES), *range(FRAMES - 1, -1, -1)]:
        window[number]
        assert len(window._held) <= 6


def test_reading_backwards_decodes_each_frame_once(clip, monkeypatch):
    decoded = []
    original = window_module.read_frames

    def counted(path, start, stop):
        decoded.extend(range(start, stop))
        return original(path, start, stop)

    monkeypatch.setattr(window_module, "read_frames", counted)
    window = FrameWindow(clip, FRAMES, read_ahead=8, keep=8)
    for number in range(FRAMES - 1, -1, -1):
        window[number]
    assert sorted(decoded) == list(range(FRAMES))


def test_reading_ahead_stops_where_no_frame_is_wanted(clip, monkeypatch):
    asked = []
    original = window_module.read_frames

    def counted(path, start, stop):
        asked.append((start, stop))
        return original(path, start, stop)

    monkeypatch.setattr(window_module, "read_frames", counted)
    window = FrameWindow(clip, FRAMES, wanted={3, 4, 5, 20})
    assert [number_of(window[n]) for n in (3, 4, 5, 20)] == [3, 4, 5, 20]
    assert asked == [(3, 6), (20, 21)]


def test_a_frame_beyond_the_end_is_refused(clip):
    with pytest.raises(MediaError, match="no frame 40"):
        FrameWindow(clip, FRAMES)[40]
