from fractions import Fraction

import numpy as np
import pytest

from mythmeter.lips.features import (
    CONTEXT_S,
    features_at,
    frame_times_s,
    level_db,
    log_mel,
    mfcc,
    sample_at,
)

RATES = [Fraction(25), Fraction(24000, 1001), Fraction(30000, 1001)]


def click_at(seconds: float, rate_hz: int = 16_000) -> np.ndarray:
    samples = np.random.default_rng(0).normal(0, 1e-4, rate_hz * 10).astype(np.float32)
    start = int(seconds * rate_hz)
    samples[start : start + rate_hz // 50] += 0.5
    return samples


@pytest.mark.parametrize("rate", RATES)
def test_a_sound_is_found_at_its_time_at_every_frame_rate(rate):
    click = click_at(8.0)
    times_s = frame_times_s(int(10 * rate), rate)
    rows = features_at(log_mel(click, 16_000), times_s)
    middle = rows.reshape(len(rows), len(CONTEXT_S), -1)[:, 4:6].mean(axis=(1, 2))
    loudest = int(middle.argmax())
    assert abs(loudest / float(rate) - 8.01) <= 0.5 / float(rate) + 0.01


def test_frame_times_are_exact_after_an_hour():
    times_s = frame_times_s(90_000, Fraction(24000, 1001))
    assert times_s[72_000] == 3003.0


def test_features_at_the_same_time_are_the_same_at_different_rates():
    coefficients = mfcc(click_at(2.0), 16_000)
    at_25 = features_at(coefficients, frame_times_s(250, Fraction(25)))
    at_50 = features_at(coefficients, frame_times_s(500, Fraction(50)))
    np.testing.assert_allclose(at_50[::2], at_25)


def test_the_sample_rate_of_the_sound_does_not_move_it():
    slow = level_db(click_at(3.0, 16_000), 16_000)
    fast = level_db(click_at(3.0, 24_000), 24_000)
    assert abs(int(slow.argmax()) - int(fast.argmax())) <= 1


def test_coefficients_do_not_change_with_the_gain_of_the_recording():
    speech = np.random.default_rng(1).normal(0, 0.1, 32_000).astype(np.float32)
    speech *= np.sin(np.arange(32_000) / 3000).astype(np.float32)
    np.testing.assert_allclose(mfcc(speech, 16_000), mfcc(speech * 0.1, 16_000), atol=1e-2)


def test_digital_silence_gives_finite_features():
    assert np.isfinite(mfcc(np.zeros(16_000, np.float32), 16_000)).all()


def test_sampling_between_rows_interpolates_and_repeats_the_ends():
    track = np.array([[0.0], [1.0], [2.0]])
    sampled = sample_at(track, np.array([-3.0, 0.25, 1.5, 9.0]))
    np.testing.assert_allclose(sampled[:, 0], [0.0, 0.25, 1.5, 2.0])
