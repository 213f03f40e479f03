"""A clip that cannot be used is refused with one message and leaves nothing behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mythmeter.errors import MediaError

Make = Callable[..., Path]

FASTSTART = ("-g", "10", "-movflags", "+faststart")


def assert_refused(normalise: Make, source: Path, reason: str) -> None:
    with pytest.raises(MediaError, match=reason) as caught:
        normalise(source)
    assert source.name in str(caught.value)
    assert "\n" not in str(caught.value)
    left = list((source.parent / "out").glob("*")) if (source.parent / "out").exists() else []
    assert left == []


def test_text_renamed_to_mp4(tmp_path: Path, normalise: Make) -> None:
    (tmp_path / "letter.mp4").write_text("Dear all, this is not a video.\n" * 50)
    assert_refused(normalise, tmp_path / "letter.mp4", "cannot be read as a video")


def test_an_empty_file(tmp_path: Path, normalise: Make) -> None:
    (tmp_path / "empty.mp4").touch()
    assert_refused(normalise, tmp_path / "empty.mp4", "cannot be read as a video")


def test_a_missing_file(tmp_path: Path, normalise: Make) -> None:
    assert_refused(normalise, tmp_path / "nowhere.mp4", "no such file")


def test_sound_alone(make: Make, normalise: Make) -> None:
    assert_refused(normalise, make("voice.mp4", "sine=d=1"), "no video track")


def test_a_still_picture(make: Make, normalise: Make) -> None:
    picture = make("picture.png", "testsrc2=s=96x96", "-frames:v", 1)
    assert_refused(normalise, picture, "still picture")


def test_a_clip_of_one_frame(make: Make, normalise: Make) -> None:
    clip = make("one.mp4", "testsrc2=s=96x96:r=25", "-frames:v", 1)
    assert_refused(normalise, clip, "holds 1 frames")


def test_a_clip_of_one_pixel(make: Make, normalise: Make) -> None:
    clip = make("dot.mkv", "color=red:s=1x1:r=25:d=1,format=rgb24", *["-c:v", "ffv1"])
    assert_refused(normalise, clip, "is 1×1 pixels; at least 64×64")


@pytest.mark.parametrize("name", ["cut.mkv", "cut.mp4"])
def test_a_truncated_clip_is_not_silently_short(make: Make, normalise: Make, name: str) -> None:
    clip = make(name, "testsrc2=s=160x120:r=25:d=4", *FASTSTART)
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 6 // 10])
    assert_refused(normalise, clip, "truncated|damaged")


def test_an_mp4_whose_index_was_cut_off(make: Make, normalise: Make) -> None:
    clip = make("tail.mp4", "testsrc2=s=160x120:r=25:d=2")
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    assert_refused(normalise, clip, "cannot be read as a video")


def test_noise_in_the_middle_is_not_passed_over(make: Make, normalise: Make) -> None:
    clip = make("noise.mp4", "testsrc2=s=160x120:r=25:d=4", *FASTSTART)
    data = bytearray(clip.read_bytes())
    start, stop = len(data) * 4 // 10, len(data) * 7 // 10
    data[start:stop] = bytes(stop - start)
    clip.write_bytes(bytes(data))
    assert_refused(normalise, clip, "damaged")
