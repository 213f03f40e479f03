"""Mono sound as float arrays, to and from WAV."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError

Samples = NDArray[np.float32]
"""Mono sound: (n,), float32, full scale at ±1."""


def read_wav(path: Path) -> tuple[Samples, int]:
    """Read a WAV file as mono float32; return (samples, sample rate in Hz)."""
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise MediaError(f"{path}: cannot be read as a WAV file ({error}).") from error
    return samples.mean(axis=1), rate_hz


def write_wav(path: Path, samples: NDArray[np.floating], rate_hz: int) -> None:
    """Write mono samples (n,) as 16-bit PCM; values beyond ±1 are clipped by the format."""
    with replacing(path) as partial:
        soundfile.write(partial, samples, rate_hz, subtype="PCM_16")


def resample(samples: NDArray[np.float32], from_hz: int, to_hz: int) -> Samples:
    """Resample mono sound with soxr's high-quality filter."""
    if from_hz == to_hz:
        return samples
    return np.asarray(soxr.resample(samples, from_hz, to_hz), dtype=np.float32)
