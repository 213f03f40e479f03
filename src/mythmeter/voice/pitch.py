"""The median pitch of a voice (YIN: de Cheveigné and Kawahara, JASA 111, 2002)."""

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import SpeechError
from mythmeter.media.audio import Samples

LOWEST_HZ = 60.0
HIGHEST_HZ = 400.0
WINDOW_S = 0.04
HOP_S = 0.01
THRESHOLD = 0.15
"""Aperiodicity below which a frame counts as voiced."""


def median_pitch_hz(samples: Samples, rate_hz: int) -> float:
    """Return the median fundamental frequency of the voiced frames, in Hz.

    Raises:
        SpeechError: fewer than ten voiced frames, so no pitch to speak of.
    """
    pitch_hz = pitch_track_hz(samples, rate_hz)
    voiced = pitch_hz[pitch_hz > 0]
    if len(voiced) < 10:
        raise SpeechError(
            f"No pitch was found in {len(samples) / rate_hz:.1f} s of sound: only {len(voiced)} "
            "of its frames are voiced. Use a recording of clear speech."
        )
    return float(np.median(voiced))


def pitch_track_hz(samples: Samples, rate_hz: int) -> NDArray[np.float64]:
    """Return the fundamental frequency every 10 ms, in Hz; 0 where unvoiced."""
    longest, window = int(rate_hz / LOWEST_HZ), int(rate_hz * WINDOW_S)
    if len(samples) < window + longest:
        return np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(
        np.asarray(samples, dtype=np.float64), window + longest
    )[:: int(rate_hz * HOP_S)]
    loud = np.sqrt((frames**2).mean(axis=1))
    aperiodicity = _aperiodicity(frames, window, longest)
    shortest = int(rate_hz / HIGHEST_HZ)
    pitch_hz = np.zeros(len(frames))
    for index in np.flatnonzero(loud > 0.05 * loud.max(initial=0.0)):
        row = aperiodicity[index]
        below = np.flatnonzero(row[shortest:] < THRESHOLD)
        if below.size:
            lag = shortest + int(below[0])
            while lag + 1 < longest and row[lag + 1] < row[lag]:
                lag += 1
            pitch_hz[index] = rate_hz / lag
    return pitch_hz


def _aperiodicity(frames: NDArray[np.float64], window: int, longest: int) -> NDArray[np.float64]:
    """Return the cumulative mean normalised difference (frames, lags), lag 0 first."""
    size = 1 << (window + longest - 1).bit_length()
    head = np.fft.rfft(frames[:, :window], size, axis=1)
    whole = np.fft.rfft(frames, size, axis=1)
    correlation = np.fft.irfft(head.conj() * whole, size, axis=1)[:, :longest]
    power = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    energy = power[:, window : window + longest] - power[:, :longest]
    difference = np.maximum(energy[:, :1] + energy - 2 * correlation, 0.0)
    mean = np.cumsum(difference[:, 1:], axis=1) / np.arange(1, longest)
    normalised = np.ones_like(difference)
    normalised[:, 1:] = difference[:, 1:] / np.maximum(mean, 1e-12)
    return normalised
