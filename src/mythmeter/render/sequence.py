"""Frames of a clip in any order, with memory that stays flat in the clip's length."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.media.decode import Frame, read_frames

BACKWARD_WINDOW = 16
"""Frames held at most while footage is read backwards."""


def frames_in_order(
    path: Path, numbers: NDArray[np.integer], *, pixels: str = "rgb24"
) -> Iterator[Frame]:
    """Yield the frames of a clip by their numbers, in the order given.

    Stretches that count upwards are decoded straight through. Stretches that count downwards are
    decoded forwards, a window at a time, and handed out backwards.

    Raises:
        MediaError: a number beyond the end of the clip.
    """
    for first, length, step in _stretches(numbers):
        if step > 0:
            yield from read_frames(path, first, first + length, pixels=pixels)
            continue
        for done in range(0, length, BACKWARD_WINDOW):
            highest = first - done
            lowest = max(highest - BACKWARD_WINDOW, first - length) + 1
            window = read_frames(path, lowest, highest + 1, pixels=pixels)
            yield from reversed(list(window))


def _stretches(numbers: NDArray[np.integer]) -> Iterator[tuple[int, int, int]]:
    """Yield (first number, length, step) of the longest stretches that count up or down by one."""
    start = 0
    while start < len(numbers):
        following = numbers[start + 1] - numbers[start] if start + 1 < len(numbers) else 1
        step = int(following) if following in (1, -1) else 1
        stop = start + 1
        while stop < len(numbers) and numbers[stop] - numbers[stop - 1] == step:
            stop += 1
        yield int(numbers[start]), stop - start, step
        start = stop
