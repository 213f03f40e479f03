"""How far lips and sound lie apart, and what it is beside."""

from fractions import Fraction

import numpy as np
import pytest

from mythmeter.quality.lipsync import speech_level_db
from mythmeter.quality.offset import REACH, OffsetCurve, mean_curve, offset_curve, offset_metrics
from mythmeter.quality.results import offset_rows
from mythmeter.quality.sync import score_sync

RATE_HZ = 16000


def babble(rate: Fraction, seconds: float = 8.0) -> tuple[np.ndarray, np.ndarray]:
    """Return (loudness at each frame, 1 kHz tone of that loudness)."""
    rng = np.random.default_rng(3)
    frames = round(seconds * rate)
    loudness = np.convolve(rng.random(frames + 8), np.hanning(8), "valid")[:frames]
    loudness = (loudness - loudness.min()) / np.ptp(loudness) + 0.02
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    envelope = np.interp(times, np.arange(frames) / float(rate), loudness)
    return loudness, (0.5 * envelope * np.sin(2 * np.pi * 1000 * times)).astype(np.float32)


def level_of(sound: np.ndarray, frames: int, rate: Fraction) -> np.ndarray:
    return speech_level_db(sound, RATE_HZ, np.arange(frames) / float(rate))


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(50)])
@pytest.mark.parametrize("shift_ms", [-280, -120, 0, 200, 280])
def test_sound_that_was_shifted_gives_the_offset_that_was_put_in(
    rate: Fraction, shift_ms: int
) -> None:
    mouth, sound = babble(rate)
    # Sound that comes earlier leaves the mouth late: positive.
    shifted = np.roll(sound, -round(shift_ms / 1000 * RATE_HZ))
    curve = offset_curve(mouth, level_of(shifted, len(mouth), rate))
    metrics = offset_metrics(curve, rate, {}, {})
    frame_ms = 1000 / float(rate)
    assert metrics["lip_audio_delay_ms"].value == pytest.approx(shift_ms, abs=frame_ms)
    assert metrics["lip_audio_delay"].value == pytest.approx(shift_ms / frame_ms, abs=1)
    assert metrics["lip_audio_delay"].controls["r_at_this_delay"] > 0.8


def test_more_than_the_reach_is_not_found_and_its_correlation_is_low() -> None:
    rate = Fraction(25)
    mouth, sound = babble(rate)
    curve = offset_curve(mouth, level_of(np.roll(sound, RATE_HZ), len(mouth), rate))
    assert curve.best is None or curve.at(curve.best) < 0.5
    assert curve.clear_by < 0.5 * offset_curve(mouth, level_of(sound, len(mouth), rate)).clear_by


def test_a_correlation_that_still_rises_at_the_end_of_the_reach_is_no_offset() -> None:
    rising = OffsetCurve(np.linspace(0, 1, 2 * REACH + 1), 40)
    metric = offset_metrics(rising, Fraction(25), {}, {})["lip_audio_delay"]
    assert metric.value is None
    assert "no peak" in str(metric.reason)


def test_the_original_clip_and_own_footage_stand_beside_the_render() -> None:
    rate = Fraction(25)
    mouth, sound = babble(rate)
    level = level_of(sound, len(mouth), rate)
    original = offset_curve(np.roll(mouth, -2), level)
    sync = score_sync(mouth, level, rate, original, None)
    beside = sync.metrics["lip_audio_correlation"]
    assert beside.controls["original_clip"] == pytest.approx(original.at(0))
    assert sync.metrics["lip_audio_delay"].controls["original_clip"] == -2
    assert sync.metrics["lip_audio_delay_ms"].controls["original_clip"] == -80
    written = beside.as_json()
    assert written["controls"]["own_footage"] is None
    assert "no clip of the person" in written["control_reasons"]["own_footage"]
    rows = offset_rows(sync.curves)
    assert [row["offset_frames"] for row in rows] == list(range(-REACH, REACH + 1))
    assert max(rows, key=lambda row: row["render"])["offset_frames"] == 0
    assert all(row["own_footage"] is None for row in rows)


def test_an_original_without_sound_says_so_and_a_silent_render_has_no_curve() -> None:
    rate = Fraction(25)
    mouth, _ = babble(rate)
    silence = level_of(np.zeros(0, np.float32), len(mouth), rate)
    sync = score_sync(mouth, silence, rate, "the original clip has no sound", None)
    for metric in sync.metrics.values():
        assert metric.value is None
        assert "silent" in str(metric.reason)
    assert offset_rows(sync.curves) == []


def test_a_clip_without_a_curve_is_left_out_of_the_mean() -> None:
    good = OffsetCurve(np.linspace(0, 1, 2 * REACH + 1), 40)
    bad = OffsetCurve(np.full(2 * REACH + 1, np.nan), 3)
    mean = mean_curve([good, bad])
    assert mean is not None and mean.at(REACH) == 1.0 and mean.frames == 40
    assert mean_curve([bad]) is None
