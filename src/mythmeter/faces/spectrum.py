"""Jitter of a track before and after smoothing, as one number and as a power spectrum."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.mesh import STABLE

MAX_FRAMES: Final = 512
"""Frames of the longest span that are looked at."""
SEGMENT_FRAMES: Final = 64


def jitter_px(points: NDArray[Any]) -> float:
    """Noise of one frame: standard deviation of the second difference over √6, in pixels."""
    second = points[2:] - 2 * points[1:-1] + points[:-2]
    return float(np.std(second) / np.sqrt(6))


def power_spectrum(points: NDArray[Any], rate: float) -> tuple[list[float], list[float]]:
    """Return (frequencies in Hz, power in px²/Hz), averaged over points and axes.

    Source: Welch 1967, IEEE Trans. Audio and Electroacoustics 15(2): Hann windows that overlap by
    half, straight lines removed. SciPy's takes a second to import, here as long as 50 frames.
    """
    flat = np.asarray(points, np.float64).reshape(len(points), -1)
    length = min(SEGMENT_FRAMES, len(flat))
    window = np.hanning(length + 1)[:-1, None]
    line = np.vander(np.arange(length), 2)
    powers = []
    for start in range(0, len(flat) - length + 1, max(1, length // 2)):
        part = flat[start : start + length]
        part = part - line @ np.linalg.lstsq(line, part, rcond=None)[0]
        powers.append(np.abs(np.fft.rfft(part * window, axis=0)) ** 2)
    power = np.mean(powers, axis=0).mean(axis=1) / (rate * np.square(window).sum())
    power[1 : -1 if length % 2 == 0 else None] *= 2
    return np.fft.rfftfreq(length, 1 / rate).tolist(), power.tolist()


class Jitter:
    """Collects stable points of the longest span, raw and smoothed."""

    def __init__(self) -> None:
        self._span: tuple[list[NDArray[Any]], list[NDArray[Any]]] = ([], [])
        self._longest = self._span

    def add(self, raw: NDArray[Any], smoothed: NDArray[Any]) -> None:
        """Add the points (468, 2 or 3) of a frame."""
        if len(self._span[0]) < MAX_FRAMES:
            self._span[0].append(raw[list(STABLE), :2].astype(np.float32))
            self._span[1].append(smoothed[list(STABLE), :2].astype(np.float32))
        if len(self._span[0]) > len(self._longest[0]):
            self._longest = self._span

    def end_span(self) -> None:
        """What comes next is another span."""
        self._span = ([], [])

    def report(self, rate: float) -> dict[str, Any]:
        """Figures of the longest span; nulls where it is too short."""
        raw, smoothed = (np.stack(p) if p else np.zeros((0,)) for p in self._longest)
        if len(raw) < 8:
            return {"frames": len(raw), "reason": "no stretch of eight frames shows the face"}
        still = stillest(raw, max(8, round(rate)))
        frequencies, before = power_spectrum(raw, rate)
        return {
            "frames": len(raw),
            "raw_px": jitter_px(raw),
            "smoothed_px": jitter_px(smoothed),
            "still_raw_px": jitter_px(raw[still]),
            "still_smoothed_px": jitter_px(smoothed[still]),
            "spectrum": {
                "hz": frequencies,
                "raw_px2_per_hz": before,
                "smoothed_px2_per_hz": power_spectrum(smoothed, rate)[1],
            },
        }


def stillest(points: NDArray[Any], frames: int) -> slice:
    """The stretch in which the face as a whole moves least."""
    if len(points) <= frames:
        return slice(0, len(points))
    path = np.abs(np.diff(points.mean(axis=1), axis=0)).sum(axis=1)
    moved = np.convolve(path, np.ones(frames - 1), "valid")
    start = int(np.argmin(moved))
    return slice(start, start + frames)


def spans_of(span: Sequence[int], rate: float) -> list[dict[str, float]]:
    """Presence spans: first frame, frame after the last, and both in seconds."""
    values = np.asarray(span)
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return [
        {"start": a, "stop": b, "start_s": a / rate, "stop_s": b / rate}
        for a, b in pairwise(edges)
        if b > a and values[a] >= 0
    ]
