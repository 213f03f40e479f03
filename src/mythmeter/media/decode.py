"""Frames of a clip, one at a time, so that memory stays flat in its length."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import MediaError
from mythmeter.media.container import open_clip

Frame = NDArray[np.uint8]
"""One picture: (height, width, 3), RGB, 8 bits."""


def frame_rate(path: Path) -> Fraction:
    """Return the exact average frame rate of a clip, in frames a second."""
    with open_clip(path) as container:
        rate = container.streams.video[0].average_rate
    if not rate:
        raise MediaError(f"{path}: states no frame rate.")
    return Fraction(rate)


def frame_size(path: Path) -> tuple[int, int]:
    """Return (width, height) in pixels of a clip."""
    with open_clip(path) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height


def read_frames(
    path: Path, start: int = 0, stop: int | None = None, *, pixels: str = "rgb24"
) -> Iterator[Frame]:
    """Yield frames `start` to `stop` (excluded; None: to the end) of a constant-rate clip.

    `pixels` is FFmpeg's name of the format: `gray` gives (height, width) of a grey clip.

    Seeks to the key frame before `start`, so reading a chunk costs the chunk. Frame numbers follow
    from presentation times, not from counting, so they hold after a seek. Only for clips that
    this workflow wrote: their rate is constant and their first frame is at time 0.

    Raises:
        MediaError: the clip ends before `stop`.
    """
    with open_clip(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        rate, base = Fraction(stream.average_rate), Fraction(stream.time_base)
        if start > 0:
            container.seek(int(Fraction(start) / rate / base), stream=stream, backward=True)
        expected = start
        for frame in container.decode(stream):
            number = round(Fraction(frame.pts) * base * rate)
            if number < start:
                continue
            if stop is not None and number >= stop:
                break
            yield frame.to_ndarray(format=pixels)
            expected = number + 1
        if stop is not None and expected != stop:
            raise MediaError(f"{path}: ends at frame {expected}, but frame {stop} was expected.")


def count_frames(path: Path) -> int:
    """Count the frames of a clip by its packets, without decoding them."""
    with open_clip(path) as container:
        stream = container.streams.video[0]
        return sum(1 for packet in container.demux(stream) if packet.size)
