"""The mel filter bank that both LSTM encoders were trained on.

Slaney's scale (Auditory Toolbox, 1998): linear to 1 kHz, logarithmic above, triangles of equal
area. The same numbers as `librosa.filters.mel`, whose import costs several seconds.
"""

import numpy as np
from numpy.typing import NDArray

HZ_PER_MEL = 200 / 3
KNEE_HZ = 1000.0
KNEE_MEL = KNEE_HZ / HZ_PER_MEL
LOG_STEP = np.log(6.4) / 27


def mel_filters(rate_hz: int, fft_size: int, bands: int) -> NDArray[np.float32]:
    """Return filters (bands, fft_size // 2 + 1) from 0 Hz to half the sample rate."""
    edges_hz = _hz(np.linspace(0.0, _mel(rate_hz / 2), bands + 2))
    bins_hz = np.linspace(0.0, rate_hz / 2, fft_size // 2 + 1)
    rising = (bins_hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    falling = (edges_hz[2:, None] - bins_hz) / np.diff(edges_hz)[1:, None]
    areas = 2.0 / (edges_hz[2:] - edges_hz[:-2])
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None) * areas[:, None], np.float32)


def _mel(frequency_hz: float) -> float:
    if frequency_hz < KNEE_HZ:
        return frequency_hz / HZ_PER_MEL
    return float(KNEE_MEL + np.log(frequency_hz / KNEE_HZ) / LOG_STEP)


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = KNEE_HZ * np.exp(LOG_STEP * (mel - KNEE_MEL))
    return np.where(mel < KNEE_MEL, mel * HZ_PER_MEL, above)
