"""FFmpeg as a child process: ffmpeg-python drives the static build of imageio-ffmpeg."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from mythmeter.errors import MediaError
from mythmeter.media.container import READING
from mythmeter.media.limits import Limits
from mythmeter.media.sandbox import run_limited

MESSAGE_LENGTH = 240
_QUIET = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+verbose")


def run_ffmpeg(output: Any, source: Path, limits: Limits | None = None) -> list[str]:
    """Run the graph that ends in `output`; return the lines of FFmpeg's verbose log.

    Of a log beyond 20,000 lines, as damaged files make, the first and last 10,000 are returned.

    Args:
        output: the last node of a graph of ffmpeg-python.
        source: the file that is read, for messages.
        limits: of time, memory and disk; None for files that this workflow wrote itself.

    Raises:
        MediaError: FFmpeg failed, crashed or met a limit; the message names `source` and carries
            its first error.
    """
    command = ffmpeg.compile(
        output.global_args(*_QUIET), cmd=imageio_ffmpeg.get_ffmpeg_exe(), overwrite_output=True
    )
    ended = run_limited(command, source, limits)
    if ended.returncode:
        first = next(iter(error_lines(ended.log)), "no message")
        raise MediaError(f"{source}: FFmpeg could not convert it ({first}).")
    return ended.log


def user_input(path: Path, **options: Any) -> Any:
    """Return the node of a user's file: the containers of `container`, its name only a name."""
    return ffmpeg.input(f"file:{path}", **READING, **options)


def error_lines(log: list[str]) -> list[str]:
    """Return what FFmpeg logged as errors, without addresses of its objects."""
    found = [line for line in log if "[error]" in line or "[fatal]" in line]
    return [_plain(re.sub(r" @ 0x[0-9a-f]+|\[(error|fatal)\] ", "", line)) for line in found]


def _plain(line: str) -> str:
    """Make what a file put into a message harmless: one line, printable, of bounded length."""
    text = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line
    )
    return text if len(text) <= MESSAGE_LENGTH else f"{text[:MESSAGE_LENGTH]}…"


@cache
def has_filter(name: str) -> bool:
    """Tell whether this FFmpeg was built with a filter."""
    exe = imageio_ffmpeg.get_ffmpeg_exe()
    listed = subprocess.run([exe, "-hide_banner", "-filters"], capture_output=True, text=True)
    return any(line.split()[1:2] == [name] for line in listed.stdout.splitlines())
