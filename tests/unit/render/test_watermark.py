"""How the invisible mark changes from second to second."""

from pathlib import Path

import numpy as np
import pytest

from mythmeter.render import watermark
from mythmeter.render.watermark import VideoMarker, Windows

GREY = np.full((8, 8, 3), 100, np.uint8)


@pytest.fixture
def marker(monkeypatch: pytest.MonkeyPatch):
    """Makes markers whose change in a second is the level of the picture that was looked at."""

    def make(frames: int, rate: float) -> VideoMarker:
        for network in ("RivaganEncoder", "RivaganDecoder"):
            monkeypatch.setattr(watermark, network, lambda path: None)
        monkeypatch.setattr(VideoMarker, "_change", lambda self, picture: picture.astype(np.int16))
        return VideoMarker(Path("e"), Path("d"), "0" * 8, Windows.of(frames, rate))

    return make


def footage(number: int) -> np.ndarray:
    """A change of 0 in even seconds of 25 frames, of 50 in odd ones."""
    return np.full_like(GREY, 50 * (number // 25 % 2))


def levels(marker: VideoMarker, numbers: range) -> list[int]:
    return [int(marker.mark(n, GREY, footage)[0, 0, 0]) for n in numbers]


def test_one_change_fades_into_the_next(marker) -> None:
    seen = levels(marker(100, 25.0), range(100))
    assert seen[12] == 100
    assert seen[37] == 150
    assert max(np.abs(np.diff(seen))) <= 3
    assert seen[:12] == [100] * 12
    assert seen[87:] == [150] * 13


def test_a_chunk_is_marked_as_the_whole_is(marker) -> None:
    whole = levels(marker(100, 25.0), range(100))
    assert levels(marker(100, 25.0), range(43, 71)) == whole[43:71]


def test_the_network_looks_once_at_each_second(marker) -> None:
    looked = []

    def noted(number: int) -> np.ndarray:
        looked.append(number)
        return footage(number)

    marking = marker(60, 25.0)
    for number in range(60):
        marking.mark(number, GREY, noted)
    assert looked == [12, 37, 59]


@pytest.mark.parametrize("frames", [1, 5, 13, 26])
def test_a_short_video_has_its_mark_throughout(marker, frames) -> None:
    marking = marker(frames, 25.0)
    for number in range(frames):
        marked = marking.mark(number, GREY, lambda shown: np.full_like(GREY, 7))
        assert (marked == 107).all()
