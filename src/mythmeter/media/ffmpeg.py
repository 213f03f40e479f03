"""FFmpeg as a child process: ffmpeg-python drives the static build of imageio-ffmpeg."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from mythmeter.errors import MediaError

_QUIET = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+verbose")


def run_ffmpeg(output: Any, source: Path) -> list[str]:
    """Run the graph that ends in `output`; return the lines of FFmpeg's verbose log.

    Raises:
        MediaError: FFmpeg failed; the message names `source` and carries its first error.
    """
    try:
        _, log = ffmpeg.run(
            output.global_args(*_QUIET),
            cmd=imageio_ffmpeg.get_ffmpeg_exe(),
            capture_stdout=True,
            capture_stderr=True,
            overwrite_output=True,
        )
    except ffmpeg.Error as error:
        lines = error.stderr.decode("utf-8", "replace").splitlines()
        first = next(iter(error_lines(lines)), "no message")
        raise MediaError(f"{source}: FFmpeg could not convert it ({first}).") from error
    return log.decode("utf-8", "replace").splitlines()


def error_lines(log: list[str]) -> list[str]:
    """Return what FFmpeg logged as errors, without addresses of its objects."""
    found = [line for line in log if "[error]" in line or "[fatal]" in line]
    return [re.sub(r" @ 0x[0-9a-f]+|\[(error|fatal)\] ", "", line) for line in found]


@cache
def has_filter(name: str) -> bool:
    """Tell whether this FFmpeg was built with a filter."""
    exe = imageio_ffmpeg.get_ffmpeg_exe()
    listed = subprocess.run([exe, "-hide_banner", "-filters"], capture_output=True, text=True)
    return any(line.split()[1:2] == [name] for line in listed.stdout.splitlines())
