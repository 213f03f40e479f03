"""Frames written are the frames read back."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mythmeter.errors import MediaError
from mythmeter.media.decode import count_frames, frame_rate, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.media.encoders import same_every_time

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


def test_the_same_pictures_are_the_same_bits_every_time(tmp_path: Path) -> None:
    """Also after others went through the same memory, and where the processor has AVX-512."""
    random = np.random.default_rng(0)
    grain = random.integers(0, 40, (60, 288, 360, 3), np.uint8)
    ramp = np.linspace(0, 200, 360 + 60).astype(np.uint8)
    pictures = [grain[n] + ramp[None, n : n + 360, None] for n in range(60)]
    found = set()
    for number in range(6):
        path = tmp_path / f"{number}.mp4"
        options = {"crf": "18", "preset": "veryfast"}
        size = {"size": (360, 288), "codec": "libx264", "options": options}
        with VideoWriter(path, rate=Fraction(25), keyframe_interval=30, **size) as video:
            for frame in pictures:
                video.write(frame)
        found.add(path.read_bytes())
    assert len(found) == 1


@pytest.mark.parametrize(("flags", "told"), [("avx2 avx512f avx512bw", True), ("avx2 fma", False)])
def test_x264_is_told_what_to_use_only_where_the_processor_has_it(
    tmp_path: Path, flags: str, told: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"flags\t\t: {flags}\n")
    assert bool(same_every_time(cpuinfo)) == told
    assert same_every_time(tmp_path / "missing") == {}
