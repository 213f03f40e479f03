"""Small, nasty clips, made on the spot."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from mythmeter.media.normalise import normalise_clip
from mythmeter.usage.record import UsageRecord


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., None]:
    """Run the FFmpeg that the package uses."""

    def run(*arguments: object) -> None:
        exe = imageio_ffmpeg.get_ffmpeg_exe()
        command = [exe, "-y", "-loglevel", "error", *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True)

    return run


@pytest.fixture
def make(ffmpeg: Callable[..., None], tmp_path: Path) -> Callable[..., Path]:
    """Write a clip of a test source: make("name.mkv", "testsrc2=...", *output options)."""

    def write(name: str, source: str, *options: object, sound: str | None = None) -> Path:
        inputs = ["-f", "lavfi", "-i", source]
        if sound:
            inputs += ["-f", "lavfi", "-i", sound]
        ffmpeg(*inputs, *options, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def normalise(tmp_path: Path) -> Callable[..., Path]:
    """Normalise a source into tmp_path/out and return the new clip; its verdict lies beside it."""

    def run(source: Path, **settings: object) -> Path:
        clip = tmp_path / "out" / "clip.mp4"
        wanted = {"crf": 12, "max_height": 1080, "keyframe_s": 0.4, "threads": 1} | settings
        record = UsageRecord("normalise_clip", {})
        normalise_clip(source, clip, clip.with_name("verdict.json"), **wanted, record=record)
        return clip

    return run


@pytest.fixture
def counting_clip(tmp_path: Path) -> Callable[..., Path]:
    """Write a clip whose frame i is shown at times_s[i] and is as bright as 10 + 4 i."""

    def write(times_s: list[float], name: str = "count.mp4") -> Path:
        tick = Fraction(1, 90000)
        with av.open(str(tmp_path / name), "w") as container:
            stream = container.add_stream("libx264", rate=30, options={"crf": "4"})
            stream.width = stream.height = 96
            stream.pix_fmt = "yuv420p"
            stream.time_base = stream.codec_context.time_base = tick
            for number, time_s in enumerate(times_s):
                picture = np.full((96, 96, 3), 10 + 4 * number, np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = round(time_s / tick), tick
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return tmp_path / name

    return write
