"""Features, shapes and units of a long speech are those of the whole, though made in blocks."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from mythmeter.lips import features
from mythmeter.lips.features import FFT_SIZE, WINDOW, level_db, log_mel, mfcc
from mythmeter.media.long_sound import LongSound


def speech(seconds: float) -> NDArray[np.float32]:
    """Noise that swells and falls, with silence in it, at 16 kHz."""
    random = np.random.default_rng(3)
    length = round(16_000 * seconds)
    swell = np.abs(np.sin(np.arange(length) / 16_000 * 2)) ** 3
    return (random.standard_normal(length) * swell * 0.2).astype(np.float32)


def whole_log_mel(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """All windows at once, as a textbook has it."""
    samples = sound.astype(np.float64)
    emphasised = np.append(samples[:1], samples[1:] - 0.97 * samples[:-1])
    padded = np.pad(emphasised, (WINDOW // 2, WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::160]
    windows = windows[: len(sound) // 160 + 1]
    spectrum = np.fft.rfft(windows * np.hanning(WINDOW), FFT_SIZE)
    energy = np.square(np.abs(spectrum)) @ features._mel_filters().T
    return np.log(np.maximum(energy, max(float(np.quantile(energy, 0.99)) * 1e-8, 1e-9)))


def whole_mfcc(energies: NDArray[np.float64]) -> NDArray[np.float64]:
    cepstrum = dct(energies, axis=1, norm="ortho")[:, :13]
    level = np.exp(energies).sum(axis=1)
    spoken = cepstrum[10 * np.log10(level / np.quantile(level, 0.95)) > -40]
    return (cepstrum - spoken.mean(axis=0)) / (spoken.std(axis=0) + 1e-3)


def test_features_of_many_blocks_are_those_of_the_whole() -> None:
    for seconds in (0.3, 20.47, 65.003):
        sound = speech(seconds)
        energies = whole_log_mel(sound)
        assert np.allclose(log_mel(sound, 16_000), energies, rtol=0, atol=1e-9)
        # Kept in single precision.
        assert np.allclose(mfcc(sound, 16_000), whole_mfcc(energies), rtol=1e-6, atol=1e-5)


def test_a_sound_on_disk_is_heard_as_one_in_memory_to_the_bit() -> None:
    sound = speech(50)
    stored = LongSound.empty()
    stored.append(sound)
    assert np.array_equal(mfcc(stored, 16_000), mfcc(sound, 16_000))
    assert np.array_equal(level_db(stored, 16_000), level_db(sound, 16_000))


def test_a_quantile_of_blocks_is_that_of_all_values() -> None:
    values = np.random.default_rng(4).standard_normal((300, 40))
    for share in (0.99, 0.5, 0.0, 1.0):
        highest = features._Highest(share, values.size)
        for block in np.array_split(values, 7):
            highest.add(block)
        assert highest.quantile() == np.quantile(values, share)


def test_the_time_of_a_frame_after_an_hour_is_exact_at_broadcast_rates() -> None:
    rate = Fraction(30_000, 1001)
    times = features.frame_times_s(107_893, rate)
    assert times[107_892] == float(Fraction(107_892) / rate)
    assert times[30_000] == 1001.0
