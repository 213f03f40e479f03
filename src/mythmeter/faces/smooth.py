"""Savitzky–Golay smoothing of points, frame by frame, with bounded memory and no lag.

Source: Savitzky and Golay 1964, Analytical Chemistry 36(8). The filter is symmetric, so what it
returns belongs to its own frame: it needs a few frames of look-ahead, but delays nothing.
"""

from collections import deque
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mesh import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    LIPS,
    POINTS,
)

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


LONG_FACTOR = 2
"""The long window is this many times the short one, plus three: 5 and 13."""
GATE = 2.0
"""How many standard deviations of noise the two fits may lie apart before the short one wins."""
GATE_MOVING_PARTS = 0.8
"""The same for eyes and lips, whose quick movements are short and count most."""
NOISE_POINTS = 24
"""So many points of a part tell its noise."""

_LIPS = np.array(sorted(LIPS))
_EYES = tuple(np.array(sorted(ring)) for ring in (EYE_RIGHT + BROW_RIGHT, EYE_LEFT + BROW_LEFT))
_REST = np.setdiff1d(np.arange(POINTS), np.concatenate([_LIPS, *_EYES]))
PARTS = ((_LIPS, GATE_MOVING_PARTS), *((eye, GATE_MOVING_PARTS) for eye in _EYES), (_REST, GATE))
"""Points that are mixed as one, and their gates."""


class AdaptiveSmoother:
    """Two Savitzky–Golay filters, a short and a long one, mixed by how still each part is.

    Both are symmetric, so neither delays. Where they agree within the noise the face holds still
    and the long one is taken; where they differ the face moves and the short one follows it. The
    noise is that of the raw points in the long window: the median of their second differences.
    Eyes, lips and the rest are mixed apart, so that a blink does not wake the chin. The rule is the
    intersection of confidence intervals (Goldenshluger and Nemirovski 1997) with two windows and a
    soft edge.
    """

    def __init__(self, window: int) -> None:
        """Take the short window in frames: odd; 1 turns smoothing off.

        Raises:
            ValueError: the window is even or not positive.
        """
        self._short = SpanSmoother(window)
        self._off = window == 1
        length = 1 if self._off else LONG_FACTOR * window + 3
        self._long = SpanSmoother(length)
        self._waiting: deque[Array] = deque()
        self._recent: deque[Array] = deque(maxlen=3)
        self._second: deque[Array] = deque(maxlen=max(1, length - 2))

    def push(self, points: Array) -> list[Array]:
        """Add the next frame, (468, 2 or 3); return the frames that became certain, in order."""
        self._recent.append(np.asarray(points, np.float64)[:, :2])
        if len(self._recent) == 3:
            first, middle, last = self._recent
            self._second.append(np.abs(last - 2 * middle + first))
        self._waiting.extend(self._short.push(points))
        return self._mixed(self._long.push(points))

    def flush(self) -> list[Array]:
        """End the span; return its remaining smoothed frames and be ready for the next span."""
        self._waiting.extend(self._short.flush())
        rest = self._mixed(self._long.flush())
        self._recent.clear()
        self._second.clear()
        return rest

    def _mixed(self, longs: list[Array]) -> list[Array]:
        shorts = [self._waiting.popleft() for _ in longs]
        if not longs or self._off or not self._second:
            return shorts
        second = np.stack(self._second)
        for part, gate in PARTS:
            few = part[:: max(1, len(part) // NOISE_POINTS)]
            # √6: of white noise's second difference; 0.6745: a median of normal deviations.
            noise = float(np.median(second[:, few])) / (0.6745 * np.sqrt(6)) + 1e-6
            for short, long in zip(shorts, longs, strict=True):
                change = long[part] - short[part]
                apart = float(np.sqrt(np.mean(np.square(change[:, :2]))))
                short[part] += change / (1 + (apart / (gate * noise)) ** 4)
        return shorts
