"""The master is marked, and within full scale whatever the mark adds."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mythmeter.media.audio import Samples
from mythmeter.media.loudness import HIGHEST, measure_loudness
from mythmeter.voice import master
from mythmeter.voice.master import Store, lay_out, write_master
from mythmeter.voice.pace import Pace
from mythmeter.voice.speech import Speech
from mythmeter.voice.watermark import THRESHOLD, mark, mark_strength

PACE = Pace(speed=1.0, pause_s=0.25, tail_s=0.4)


def write(folder: Path, spoken: Speech) -> tuple[Samples, int]:
    with (folder / "store").open("w+b") as file:
        store = Store(file)
        for _ in range(3):
            store.add(spoken)
        layout = lay_out(store.lengths(), PACE, 0.3, spoken.rate_hz)
        path = folder / "master.wav"
        write_master(path, store, layout, rate_hz=spoken.rate_hz, lufs=-16.0, scratch=folder)
    samples, rate_hz = soundfile.read(path, dtype="float32")
    assert len(samples) == layout.length
    return samples, rate_hz


def test_what_the_mark_drives_beyond_full_scale_is_held_and_still_reads(
    tmp_path: Path, spoken: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, other = tmp_path / "plain", tmp_path / "other"
    plain.mkdir()
    other.mkdir()
    usual, rate_hz = write(plain, spoken)
    # By so much that a few hundred peaks go over, as unlucky speech has done.
    too_high = 1.2 / float(np.abs(usual).max())
    monkeypatch.setattr(master, "mark", lambda sound, rate: mark(sound, rate) * too_high)
    held, _ = write(other, spoken)
    assert np.abs(usual * too_high).max() > 1.15
    assert np.abs(held).max() == pytest.approx(HIGHEST, abs=1e-3)
    assert mark_strength(held, rate_hz) > 2 * THRESHOLD - 0.2
    louder_lu = (
        measure_loudness(other / "master.wav").integrated_lufs
        - measure_loudness(plain / "master.wav").integrated_lufs
    )
    assert louder_lu == pytest.approx(20 * np.log10(too_high), abs=0.3)
