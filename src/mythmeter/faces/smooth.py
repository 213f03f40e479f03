"""Savitzky–Golay smoothing of points, frame by frame, with bounded memory and no lag.

Source: Savitzky and Golay 1964, Analytical Chemistry 36(8). The filter is symmetric, so what it
returns belongs to its own frame: it needs a few frames of look-ahead, but delays nothing.
"""

from collections import deque
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORDER = 2

Array = NDArray[Any]


class SpanSmoother:
    """Smooths one span of consecutive frames.

    Near the ends of a span, where the window does not fit, the polynomial of the nearest full
    window is evaluated instead, as SciPy's `savgol_filter(mode="interp")` does. A span shorter than
    the window is smoothed with the largest odd window that fits.
    """

    def __init__(self, window: int) -> None:
        """Take an odd window length in frames; 1 turns smoothing off.

        Raises:
            ValueError: the window is even or not positive.
        """
        if window < 1 or window % 2 == 0:
            raise ValueError(f"the smoothing window must be odd and positive, not {window}")
        self._window = window
        self._recent: deque[Array] = deque(maxlen=window)
        self._pushed = 0

    def push(self, points: Array) -> list[Array]:
        """Add the next frame; return the smoothed frames that became certain, in order."""
        self._recent.append(np.asarray(points, np.float64))
        self._pushed += 1
        if self._pushed < self._window:
            return []
        centre = self._window // 2
        first = 0 if self._pushed == self._window else centre
        return [self._smoothed(position) for position in range(first, centre + 1)]

    def flush(self) -> list[Array]:
        """End the span; return its remaining smoothed frames and be ready for the next span."""
        if self._pushed < self._window:
            rest = self._short_span()
        else:
            rest = [self._smoothed(p) for p in range(self._window // 2 + 1, self._window)]
        self._recent.clear()
        self._pushed = 0
        return rest

    def _smoothed(self, position: int) -> Array:
        return np.tensordot(_weights(self._window, position), np.stack(self._recent), 1)

    def _short_span(self) -> list[Array]:
        if not self._recent:
            return []
        frames = list(self._recent)
        inner = SpanSmoother(len(frames) - 1 + len(frames) % 2)
        return [p for points in frames for p in inner.push(points)] + inner.flush()


@cache
def _weights(window: int, position: int) -> Array:
    """Weights of a window whose polynomial is evaluated at `position` (0: its first frame)."""
    if window <= ORDER:
        return np.eye(window)[position]
    times = np.arange(window) - position
    powers = np.vander(times, ORDER + 1, increasing=True)
    weights: Array = np.linalg.pinv(powers)[0]
    return weights
