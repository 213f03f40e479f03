"""A gentle equaliser that brings a synthetic voice's long-term spectrum towards a person's."""

import numpy as np
from numpy.typing import NDArray

from mythmeter.media.audio import Samples
from mythmeter.voice.activity import without_pauses

RATE_HZ = 24000
FFT_SIZE = 2048
BINS = FFT_SIZE // 2 + 1
TAPS = 1024

LOWEST_HZ = 70.0
HIGHEST_HZ = 7000.0
"""Outside, nothing is matched: rumble below, and above it many recordings are band-limited."""
LEVEL_BAND_HZ = (100.0, 4000.0)
FULL_LIMIT_DB = 12.0

Curve = NDArray[np.float32]
"""Gain in dB of each of 1025 bins from 0 Hz to 12 kHz."""


def match_spectrum(spoken: Samples, reference: Samples, strength: float) -> Curve:
    """Return the curve that takes `spoken` towards `reference` (both 24 kHz mono).

    Args:
        spoken: synthetic speech of some seconds.
        reference: the person's speech.
        strength: 0 does nothing, 1 matches in full; the limit is 12 dB × strength.
    """
    wanted_db = _long_term_db(reference) - _long_term_db(spoken)
    frequency_hz = np.linspace(0, RATE_HZ / 2, BINS)
    low_hz, high_hz = LEVEL_BAND_HZ
    band = (frequency_hz > low_hz) & (frequency_hz < high_hz)
    limit_db = FULL_LIMIT_DB * strength
    curve_db = np.clip((wanted_db - wanted_db[band].mean()) * strength, -limit_db, limit_db)
    curve_db[frequency_hz < LOWEST_HZ] = 0.0
    curve_db[frequency_hz > HIGHEST_HZ] = curve_db[np.searchsorted(frequency_hz, HIGHEST_HZ)]
    return np.asarray(curve_db, dtype=np.float32)


def impulse_response(curve_db: Curve) -> NDArray[np.float32]:
    """Return the minimum-phase filter (1024,) of a curve, by the real cepstrum."""
    log_gain = np.asarray(curve_db, dtype=np.float64) * np.log(10) / 20
    cepstrum = np.fft.irfft(log_gain, FFT_SIZE)
    fold = np.zeros(FFT_SIZE)
    fold[0] = fold[FFT_SIZE // 2] = 1.0
    fold[1 : FFT_SIZE // 2] = 2.0
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum * fold)), FFT_SIZE)[:TAPS]
    response[-TAPS // 4 :] *= np.hanning(TAPS // 2)[-TAPS // 4 :]
    return np.asarray(response, dtype=np.float32)


def equalise(samples: Samples, curve_db: Curve) -> Samples:
    """Filter mono sound at 24 kHz; its length and its level (RMS) stay the same."""
    from scipy.signal import oaconvolve

    if not np.any(curve_db):
        return samples
    filtered = oaconvolve(samples, impulse_response(curve_db))[: len(samples)]
    gain = np.sqrt(np.mean(samples**2) / (np.mean(filtered**2) + 1e-20))
    return np.asarray(filtered * gain, dtype=np.float32)


def _long_term_db(samples: Samples) -> NDArray[np.float64]:
    """Return the mean power spectrum of the sounding frames, smoothed to a third of an octave."""
    sounding = without_pauses(samples, RATE_HZ)
    sounding = np.pad(sounding, (0, max(0, FFT_SIZE - len(sounding))))
    frames = np.lib.stride_tricks.sliding_window_view(sounding, FFT_SIZE)[:: FFT_SIZE // 4]
    power = np.abs(np.fft.rfft(frames * np.hanning(FFT_SIZE), axis=1)) ** 2
    return _third_octave(10 * np.log10(power.mean(axis=0) + 1e-12))


def _third_octave(level_db: NDArray[np.float64]) -> NDArray[np.float64]:
    frequency_hz = np.linspace(0, RATE_HZ / 2, BINS)
    half_hz = np.maximum(40.0, frequency_hz * (2 ** (1 / 6) - 1))
    step_hz = RATE_HZ / FFT_SIZE
    first = np.maximum(0, np.floor((frequency_hz - half_hz) / step_hz)).astype(int)
    last = np.minimum(BINS, np.floor((frequency_hz + half_hz) / step_hz).astype(int) + 1)
    total = np.concatenate([[0.0], np.cumsum(level_db)])
    return np.asarray((total[last] - total[first]) / (last - first))
