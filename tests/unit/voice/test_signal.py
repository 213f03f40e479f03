"""Pitch, equaliser, activity and the cleaning of a reference, on sounds with known answers."""

from pathlib import Path

import numpy as np
import pytest

from mythmeter.errors import SpeechError
from mythmeter.media.audio import Samples, write_wav
from mythmeter.voice.activity import without_pauses
from mythmeter.voice.equaliser import BINS, equalise, impulse_response, match_spectrum
from mythmeter.voice.pitch import median_pitch_hz
from mythmeter.voice.reference import LEVEL_DBFS, clean_reference
from mythmeter.voice.speech import Speech

RATE_HZ = 24000


def buzz(pitch_hz: float, duration_s: float = 1.0) -> Samples:
    time_s = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    harmonics = [np.sin(2 * np.pi * pitch_hz * n * time_s) / n for n in range(1, 12)]
    return np.asarray(0.2 * np.sum(harmonics, axis=0), dtype=np.float32)


@pytest.mark.parametrize("pitch_hz", [85.0, 120.0, 231.0, 350.0])
def test_pitch_is_found(pitch_hz: float) -> None:
    assert median_pitch_hz(buzz(pitch_hz), RATE_HZ) == pytest.approx(pitch_hz, rel=0.02)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(1).standard_normal(RATE_HZ).astype(np.float32)
    with pytest.raises(SpeechError, match="No pitch"):
        median_pitch_hz(noise, RATE_HZ)


def test_pauses_are_cut_and_silence_is_refused() -> None:
    pause = np.zeros(RATE_HZ, dtype=np.float32)
    kept = without_pauses(np.concatenate([buzz(120), pause, buzz(120)]), RATE_HZ)
    assert 2.0 <= len(kept) / RATE_HZ < 2.5
    with pytest.raises(SpeechError, match="nothing but silence"):
        without_pauses(pause, RATE_HZ)


def test_the_equaliser_undoes_half_of_a_known_filter() -> None:
    noise = np.random.default_rng(2).standard_normal(4 * RATE_HZ).astype(np.float32)
    tilt_db = np.linspace(4, -4, BINS).astype(np.float32)
    coloured = equalise(noise, tilt_db)
    curve_db = match_spectrum(noise, coloured, strength=0.5)
    band = slice(20, 590)
    difference = np.diff(curve_db[[band.start, band.stop]])[0]
    assert difference == pytest.approx(0.5 * np.diff(tilt_db[[band.start, band.stop]])[0], abs=0.5)
    assert np.abs(curve_db).max() <= 6.0


def test_a_flat_curve_changes_nothing_and_a_filter_keeps_length_and_level() -> None:
    sound = buzz(150)
    flat = np.zeros(BINS, dtype=np.float32)
    assert equalise(sound, flat) is sound
    np.testing.assert_allclose(impulse_response(flat)[:3], [1, 0, 0], atol=1e-6)
    bright = equalise(sound, np.linspace(-6, 6, BINS).astype(np.float32))
    assert len(bright) == len(sound)
    assert np.std(bright) == pytest.approx(np.std(sound), rel=0.01)


def recording(folder: Path, samples: Samples) -> Path:
    path = folder / "somebody.talk" / "speech_24k.wav"
    write_wav(path, samples, RATE_HZ)
    return path


def test_a_reference_is_speech_alone_at_one_level(tmp_path: Path, spoken: Speech) -> None:
    pause = np.zeros(2 * RATE_HZ, dtype=np.float32)
    offset = np.concatenate([pause, spoken.samples * 0.2, pause]) + 0.05
    reference = clean_reference([recording(tmp_path, offset)])
    assert reference.duration_s < spoken.duration_s + 0.5
    assert abs(reference.samples.mean()) < 1e-3
    level_dbfs = 20 * np.log10(np.sqrt(np.mean(reference.samples**2)))
    assert level_dbfs == pytest.approx(LEVEL_DBFS, abs=0.5)
    assert any("s of speech" in warning for warning in reference.warnings)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(5 * RATE_HZ, dtype=np.float32), r"silent \(peak -180 dBFS\)"),
        (np.sign(buzz(120, 5.0)), r"clipped \(\d+\.\d%"),
        (np.random.default_rng(3).normal(0, 0.1, 5 * RATE_HZ).astype(np.float32), r"only 0\.0 s"),
    ],
    ids=["silence", "clipping", "noise"],
)
def test_recordings_without_usable_speech_are_refused(
    tmp_path: Path, samples: Samples, message: str
) -> None:
    with pytest.raises(SpeechError, match=message):
        clean_reference([recording(tmp_path, samples)])


def test_two_seconds_of_speech_are_too_few(tmp_path: Path, spoken: Speech) -> None:
    path = recording(tmp_path, spoken.samples[: 2 * RATE_HZ])
    with pytest.raises(SpeechError, match=r"somebody.talk: only \d\.\d s of speech"):
        clean_reference([path])
