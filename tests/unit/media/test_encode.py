"""Frames written are the frames read back."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mythmeter.errors import MediaError
from mythmeter.media.decode import count_frames, frame_rate, read_frames
from mythmeter.media.encode import VideoWriter

NOISE = np.random.default_rng(0).integers(0, 256, (7, 48, 64, 3), dtype=np.uint8)


def test_ffv1_gives_back_every_pixel(tmp_path: Path) -> None:
    path = tmp_path / "crops.mkv"
    with VideoWriter(path, rate=Fraction(30000, 1001), size=(64, 48)) as writer:
        for frame in NOISE:
            writer.write(frame)
    assert np.array_equal(np.stack(list(read_frames(path))), NOISE)
    assert frame_rate(path) == Fraction(30000, 1001)
    assert count_frames(path) == 7


def test_reading_beyond_the_end_is_an_error_not_a_short_answer(tmp_path: Path) -> None:
    path = tmp_path / "crops.mkv"
    with VideoWriter(path, rate=Fraction(25), size=(64, 48)) as writer:
        writer.write(NOISE[0])
    with pytest.raises(MediaError, match="ends at frame 1"):
        list(read_frames(path, 0, 2))


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        VideoWriter(tmp_path / "crops.mkv", rate=Fraction(25), size=(64, 48)) as writer,
    ):
        writer.write(NOISE[0])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
