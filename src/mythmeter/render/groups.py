"""Where groups of pictures begin: where the footage hides their key frames best.

A key frame takes the grain of still parts anew, so it makes a step of its own. It is not seen where
the picture itself moves more just before and after it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.float32]
Frames = NDArray[np.int32]

NEIGHBOURS: Final = 3
"""Steps before and after that one is compared with, as a seam score does (`quality.seams`)."""

KEY_FRAME_STEP: Final = 1.0
"""What a key frame adds to the step before it, in levels of 255: about that of CRF 18."""

REPEATED: Final = 0.25
"""Under this share of its neighbours a step is a frame shown again: anything would show there."""


def steps_shown(luma_step: Steps, target_frame: Frames) -> Steps:
    """Return (frames - 1,) how much each output frame differs from the next, as far as is known.

    Args:
        luma_step: (frames of the clip,) how much each differs from the one before.
        target_frame: (frames,) the frame of the clip that each output frame shows.

    Returns:
        NaN between frames that are not neighbours in the clip, such as where footage begins again.
    """
    before, after = target_frame[:-1], target_frame[1:]
    steps = luma_step[np.maximum(before, after)].astype(np.float32)
    return np.where(np.abs(after - before) == 1, steps, np.float32(np.nan))


def place_groups(frames: int, groups: int, steps: Steps) -> Frames:
    """Share out frames among groups of about the same length.

    Args:
        frames: how many.
        groups: how many; at most as many as frames.
        steps: (frames - 1,) how much each frame differs from the next; NaN where that is unknown.

    Returns:
        (frames,) the group of each frame, from 0. A group begins at most a quarter of the usual
        length beside its even place, there where its key frame shows least; at its even place where
        no step around is known.
    """
    reach = frames // groups // 4
    even = -(-np.arange(1, groups) * frames // groups)
    starts = [_best(int(place), reach, steps) for place in even]
    return np.searchsorted(np.asarray(starts), np.arange(frames), side="right").astype(np.int32)


def _best(even: int, reach: int, steps: Steps) -> int:
    """Return the start near an even place whose key frame shows least; of equals, the nearest."""
    starts = sorted(range(even - reach, even + reach + 1), key=lambda start: abs(start - even))
    return starts[int(np.argmin([_shows(start - 1, steps) for start in starts]))]


def _shows(place: int, steps: Steps) -> float:
    """Return how much a key frame behind a step shows: the step with it, over those around."""
    near = steps[max(0, place - NEIGHBOURS) : place + NEIGHBOURS + 1]
    around = np.delete(near, min(place, NEIGHBOURS))
    around = around[np.isfinite(around)]
    usual = float(around.mean()) if len(around) else 0.0
    step = float(steps[place])
    if not (usual > 0 and step >= REPEATED * usual):  # false for NaN too
        return np.inf
    return (step + KEY_FRAME_STEP) / usual
