"""The real detector on a finished file: marked speech passes, unmarked speech does not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from mythmeter.voice.watermark import mark

RATE_HZ = 24_000


def murmur(duration_s: float) -> np.ndarray:
    """Noise shaped a little like speech: syllables of about 200 ms below 4 kHz."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(7).standard_normal(len(time_s))
    band = sosfilt(butter(2, (150, 4000), "bandpass", fs=RATE_HZ, output="sos"), noise)
    return (0.1 * band * (1 + np.sin(2 * np.pi * 5 * time_s))).astype(np.float32)


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "unmarked"])
def test_the_watermark_survives_aac_and_its_absence_is_noticed(
    signed, assemble_scene, tmp_path, marked: bool
) -> None:
    samples = murmur(3.0)
    sound = mark(samples, RATE_HZ) if marked else samples
    scene, assembled = assemble_scene(tmp_path, samples=sound)
    video = replace(signed, scene=scene, assembled=assembled).mark(tmp_path).video
    failures = {check.name: check for check in signed.verify(video).failures}
    assert set(failures) == (set() if marked else {"audio_watermark"})
