"""Whether the mouth follows the sound."""

import numpy as np
import pytest

from mythmeter.quality.lipsync import lip_metrics, shifted_correlation, speech_level_db

RATE_HZ = 16000
FPS = 25.0


def babble(seconds: float = 8.0) -> tuple[np.ndarray, np.ndarray]:
    """Return (loudness at each frame, 1 kHz tone of that loudness)."""
    rng = np.random.default_rng(3)
    frames = round(seconds * FPS)
    loudness = np.convolve(rng.random(frames + 8), np.hanning(8), "valid")[:frames]
    loudness = (loudness - loudness.min()) / np.ptp(loudness) + 0.02
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    envelope = np.interp(times, np.arange(frames) / FPS, loudness)
    return loudness, (0.5 * envelope * np.sin(2 * np.pi * 1000 * times)).astype(np.float32)


def level_of(sound: np.ndarray, frames: int) -> np.ndarray:
    return speech_level_db(sound, RATE_HZ, np.arange(frames) / FPS)


def test_a_mouth_that_follows_the_sound_beats_every_shifted_control() -> None:
    mouth, sound = babble()
    metric = lip_metrics(mouth, level_of(sound, len(mouth)), FPS)["lip_audio_correlation"]
    assert metric.value is not None and metric.value > 0.9
    assert metric.value > float(metric.controls["shifted_highest"] or 1) + 0.3


def test_a_mouth_of_another_text_does_not_beat_them() -> None:
    _, sound = babble()
    mouth = np.random.default_rng(9).random(200)
    metric = lip_metrics(mouth, level_of(sound, 200), FPS)["lip_audio_correlation"]
    assert metric.value is not None and abs(metric.value) < 0.2


def test_frames_without_a_face_are_left_out() -> None:
    mouth, sound = babble()
    level = level_of(sound, len(mouth))
    whole = shifted_correlation(mouth, level, 0)
    mouth[50:70] = np.nan
    assert shifted_correlation(mouth, level, 0) == pytest.approx(whole, abs=0.05)


def test_hiss_and_hum_outside_the_band_hardly_count() -> None:
    times = np.arange(RATE_HZ * 2) / RATE_HZ
    sound = np.where(times < 1, np.sin(2 * np.pi * 1000 * times), np.sin(2 * np.pi * 60 * times))
    level = speech_level_db(sound.astype(np.float32), RATE_HZ, np.array([0.5, 1.5]))
    assert level[0] > level[1] + 30


@pytest.mark.parametrize(
    ("frames", "reason"), [(40, "needs 3 s"), (200, "the finished file is silent")]
)
def test_a_short_or_silent_file_has_a_reason_instead(frames: int, reason: str) -> None:
    silence = level_of(np.zeros(0, np.float32), frames)
    mouth = np.random.default_rng(1).random(frames)
    metric = lip_metrics(mouth, silence, FPS)["lip_audio_correlation"]
    assert metric.value is None
    assert reason in str(metric.reason)
