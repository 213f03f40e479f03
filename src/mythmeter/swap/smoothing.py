"""Codes smoothed in time."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

SMOOTHING_FRAMES = 5


def smooth_runs(codes: NDArray[np.float32], frames: NDArray[np.int64]) -> NDArray[np.float32]:
    """Savitzky–Golay smoothing of each run of neighbouring frames (Savitzky, Golay 1964).

    Args:
        codes: (n, k), one row a frame.
        frames: (n,) their frame numbers, ascending.
    """
    result = codes.copy()
    for run in np.split(np.arange(len(frames)), np.flatnonzero(np.diff(frames) != 1) + 1):
        if len(run) >= SMOOTHING_FRAMES:
            result[run] = savgol_filter(codes[run], SMOOTHING_FRAMES, 2, axis=0)
    return result
