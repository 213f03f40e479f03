"""Audio features for mouth shapes: normalised MFCC, sampled by time and not by frame number."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from mythmeter.media.audio import resample

ANALYSIS_HZ = 16_000
FEATURE_HZ = 100
COEFFICIENTS = 13
MEL_BANDS = 40
MEL_RANGE_HZ = (60.0, 7600.0)
WINDOW = 400
"""Samples in an analysis window: 25 ms."""
FFT_SIZE = 512
DYNAMIC_RANGE_DB = 80.0
"""Bands this far below the loud ones are cut off, so that digital silence stays finite."""
SPEECH_DB = -40.0
"""Levels above this, relative to the clip's loud parts, count as speech."""
CONTEXT_S = np.arange(-0.09, 0.091, 0.02)
"""Where the features around a picture are sampled: ±2 frames of 25 pictures a second."""


def frame_times_s(frames: int, rate: Fraction) -> NDArray[np.float64]:
    """Return the presentation times (frames,) in seconds of a constant-rate clip."""
    seconds_numerator = np.arange(frames, dtype=np.int64) * rate.denominator
    return seconds_numerator / rate.numerator


def log_mel(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    """Return log mel energies (n, 40) at 100 Hz; window i is centred at i / 100 seconds.

    Energies are floored 80 dB under the loudest bands of the clip.
    """
    sound = resample(np.asarray(samples, np.float32), rate_hz, ANALYSIS_HZ).astype(np.float64)
    emphasised = np.append(sound[:1], sound[1:] - 0.97 * sound[:-1])
    hop = ANALYSIS_HZ // FEATURE_HZ
    count = len(sound) // hop + 1
    padded = np.pad(emphasised, (WINDOW // 2, WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::hop][:count]
    spectrum = np.fft.rfft(windows * np.hanning(WINDOW), FFT_SIZE)
    energy = np.square(np.abs(spectrum)) @ _mel_filters().T
    loud = float(np.quantile(energy, 0.99)) if energy.size else 0.0
    floor = max(loud * 10 ** (-DYNAMIC_RANGE_DB / 10), 1e-9)
    return np.log(np.maximum(energy, floor))


def mfcc(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    """Return 13 mel-frequency cepstral coefficients (n, 13) at 100 Hz.

    Each coefficient has mean 0 and variance 1 over the clip's speech (cepstral mean and variance
    normalisation), which takes out the microphone and much of the speaker. Pauses are left out of
    the statistics, because clips differ in how many they have.
    """
    energies = log_mel(samples, rate_hz)
    cepstrum = dct(energies, axis=1, norm="ortho")[:, :COEFFICIENTS]
    speech = cepstrum[_level_db(energies) > SPEECH_DB]
    return (cepstrum - speech.mean(axis=0)) / (speech.std(axis=0) + 1e-3)


def level_db(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    """Return the level (n,) at 100 Hz in dB below the clip's loud parts (0 is loud)."""
    return _level_db(log_mel(samples, rate_hz))


def _level_db(energies: NDArray[np.float64]) -> NDArray[np.float64]:
    level = np.exp(energies).sum(axis=1)
    return 10 * np.log10(level / max(float(np.quantile(level, 0.95)), 1e-9))


def features_at(
    coefficients: NDArray[np.float64], times_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Stack the coefficients (n, 13) around each time (t,) into rows (t, 130).

    The context is fixed in seconds, so that footage and speech at different frame rates are
    comparable. A row looks 90 ms back and ahead; the clip's ends are repeated.
    """
    positions = (times_s[:, None] + CONTEXT_S[None]) * FEATURE_HZ
    return sample_at(coefficients, positions).reshape(len(times_s), -1)


def sample_at(track: NDArray[np.float64], positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolate a track (n, ...) linearly at fractional rows; its ends are repeated."""
    inside = np.clip(positions, 0, len(track) - 1)
    below = np.floor(inside).astype(np.int64)
    above = np.minimum(below + 1, len(track) - 1)
    share = (inside - below).reshape(inside.shape + (1,) * (track.ndim - 1))
    return track[below] * (1 - share) + track[above] * share


def _mel_filters() -> NDArray[np.float64]:
    """Triangular filters (40, 257), evenly spaced on the mel scale."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in MEL_RANGE_HZ)
    edges_hz = 700 * (10 ** (np.linspace(low, high, MEL_BANDS + 2) / 2595) - 1)
    bins_hz = np.fft.rfftfreq(FFT_SIZE, 1 / ANALYSIS_HZ)
    left, centre, right = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - left) / (centre - left)
    falling = (right - bins_hz) / (right - centre)
    return np.clip(np.minimum(rising, falling), 0, None)
