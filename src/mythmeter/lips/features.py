"""Audio features for mouth shapes: normalised MFCC, sampled by time and not by frame number."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from mythmeter.media.audio import resample
from mythmeter.media.long_rows import deviation_of, mean_of
from mythmeter.media.long_sound import Sound

ANALYSIS_HZ = 16_000
FEATURE_HZ = 100
HOP = ANALYSIS_HZ // FEATURE_HZ
BLOCK_WINDOWS = 256
"""Windows that are worked on at a time, 2.6 s: what larger blocks leave free, the heap keeps."""
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


def log_mel(samples: Sound, rate_hz: int) -> NDArray[np.float64]:
    """Return log mel energies (n, 40) at 100 Hz; window i is centred at i / 100 seconds.

    Energies are floored 80 dB under the loudest bands of the clip.
    """
    return np.concatenate(list(_log_mel_blocks(_at_16k(samples, rate_hz))))


def _at_16k(samples: Sound, rate_hz: int) -> Sound:
    """A sound of another rate than 16 kHz is read whole, to resample it."""
    if rate_hz == ANALYSIS_HZ:
        return samples
    return resample(np.asarray(samples, np.float32), rate_hz, ANALYSIS_HZ)


def _log_mel_blocks(sound: Sound) -> Iterator[NDArray[np.float64]]:
    """Yield the rows of `log_mel` in blocks; the sound is gone through twice."""
    highest = _Highest(0.99, (len(sound) // HOP + 1) * MEL_BANDS)
    for energy in _energy_blocks(sound):
        highest.add(energy)
    floor = max(highest.quantile() * 10 ** (-DYNAMIC_RANGE_DB / 10), 1e-9)
    for energy in _energy_blocks(sound):
        yield np.log(np.maximum(energy, floor))


def _energy_blocks(sound: Sound) -> Iterator[NDArray[np.float64]]:
    """Yield mel energies (rows, 40) of a sound at 16 kHz, some windows at a time."""
    filters, window = _mel_filters().T, np.hanning(WINDOW)
    count = len(sound) // HOP + 1
    for first in range(0, count, BLOCK_WINDOWS):
        rows = min(BLOCK_WINDOWS, count - first)
        # A sample more at the start, for the difference to the one before.
        start, length = first * HOP - WINDOW // 2 - 1, (rows - 1) * HOP + WINDOW + 1
        inside = np.asarray(sound[max(start, 0) : max(start + length, 0)], np.float64)
        before = max(-start, 0)
        padded = np.pad(inside, (before, max(0, length - before - len(inside))))
        emphasised = padded[1:] - 0.97 * padded[:-1]
        if before + len(inside) < length:
            # Behind its end there is no sound, not the difference to its last sample.
            emphasised[before + len(inside) - 1 :] = 0
        windows = np.lib.stride_tricks.sliding_window_view(emphasised, WINDOW)[::HOP]
        spectrum = np.fft.rfft(windows * window, FFT_SIZE)
        yield np.square(np.abs(spectrum)) @ filters


class _Highest:
    """A quantile of values that come in blocks, exact: only those from it upward are kept."""

    def __init__(self, share: float, count: int) -> None:
        place = share * (count - 1)
        self._between = place % 1
        self._kept = count - int(place)
        self._values = np.empty(0)

    def add(self, values: NDArray[np.float64]) -> None:
        """Look at more values."""
        every = np.concatenate([self._values, values.ravel()])
        surplus = len(every) - self._kept
        self._values = np.partition(every, surplus)[surplus:] if surplus > 0 else every

    def quantile(self) -> float:
        """Return the quantile, as `np.quantile` does of all values at once."""
        lowest = np.sort(self._values)[:2]
        return float(np.quantile(lowest, self._between)) if len(lowest) > 1 else float(lowest[0])


def mfcc(samples: Sound, rate_hz: int) -> NDArray[np.float32]:
    """Return 13 mel-frequency cepstral coefficients (n, 13) at 100 Hz.

    Each coefficient has mean 0 and variance 1 over the clip's speech (cepstral mean and variance
    normalisation), which takes out the microphone and much of the speaker. Pauses are left out of
    the statistics, because clips differ in how many they have.
    """
    sound = _at_16k(samples, rate_hz)
    # Of an hour the coefficients take 19 MB.
    windows = len(sound) // HOP + 1
    cepstrum, levels = np.empty((windows, COEFFICIENTS), np.float32), np.empty(windows)
    for number, energies in enumerate(_log_mel_blocks(sound)):
        part = slice(number * BLOCK_WINDOWS, number * BLOCK_WINDOWS + len(energies))
        cepstrum[part] = dct(energies, axis=1, norm="ortho")[:, :COEFFICIENTS]
        np.exp(energies).sum(axis=1, out=levels[part])
    speech = _decibels(levels) > SPEECH_DB

    def spoken() -> Iterator[NDArray[np.float64]]:
        for start in range(0, len(cepstrum), BLOCK_WINDOWS):
            part = slice(start, start + BLOCK_WINDOWS)
            yield cepstrum[part][speech[part]].astype(np.float64)

    mean, deviation = mean_of(spoken), deviation_of(spoken)
    cepstrum -= mean.astype(np.float32)
    cepstrum /= (deviation + 1e-3).astype(np.float32)
    return cepstrum


def level_db(samples: Sound, rate_hz: int) -> NDArray[np.float64]:
    """Return the level (n,) at 100 Hz in dB below the clip's loud parts (0 is loud)."""
    sound = _at_16k(samples, rate_hz)
    levels = np.empty(len(sound) // HOP + 1)
    for number, energies in enumerate(_log_mel_blocks(sound)):
        first = number * BLOCK_WINDOWS
        np.exp(energies).sum(axis=1, out=levels[first : first + len(energies)])
    return _decibels(levels)


def _decibels(level: NDArray[np.float64]) -> NDArray[np.float64]:
    return 10 * np.log10(level / max(float(np.quantile(level, 0.95)), 1e-9))


def features_at(
    coefficients: NDArray[np.floating], times_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Stack the coefficients (n, 13) around each time (t,) into rows (t, 130).

    The context is fixed in seconds, so that footage and speech at different frame rates are
    comparable. A row looks 90 ms back and ahead; the clip's ends are repeated.
    """
    positions = (times_s[:, None] + CONTEXT_S[None]) * FEATURE_HZ
    return sample_at(coefficients, positions).reshape(len(times_s), -1)


def sample_at(track: NDArray[np.floating], positions: NDArray[np.float64]) -> NDArray[np.float64]:
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
