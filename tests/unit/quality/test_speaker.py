"""Whose voice it is."""

import json
from pathlib import Path

import numpy as np
import pytest

from mythmeter.errors import SpeechError
from mythmeter.quality.speaker import enrolment_controls, speaker_metric

SECOND = np.ones(16000, np.float32)


class MeanEncoder:
    """A voice is its mean level: enough to see what is compared with what."""

    name = "mean"

    def embed(self, samples_16k: np.ndarray) -> np.ndarray:
        if not samples_16k.any():
            raise SpeechError("nothing but silence")
        angle = float(samples_16k.mean())
        return np.array([np.cos(angle), np.sin(angle)], np.float32)


def test_the_render_is_compared_with_the_person_and_the_halves_with_each_other() -> None:
    person = np.concatenate([0.1 * SECOND] * 4 + [0.3 * SECOND] * 4)
    metric = speaker_metric(MeanEncoder(), 0.5 * SECOND, person, {"stock_voices": 0.4})
    assert metric.value == pytest.approx(np.cos(0.3), abs=1e-4)
    assert metric.controls["person_two_halves"] == pytest.approx(np.cos(0.2), abs=1e-4)
    assert metric.controls["stock_voices"] == 0.4
    assert metric.n == 8


def test_halves_too_short_to_mean_anything_are_no_ceiling() -> None:
    metric = speaker_metric(MeanEncoder(), SECOND, 0.5 * np.tile(SECOND, 5), {})
    assert metric.controls["person_two_halves"] is None


def test_a_silent_render_has_a_reason() -> None:
    metric = speaker_metric(MeanEncoder(), 0 * SECOND, SECOND, {})
    assert metric.value is None
    assert metric.reason == "nothing but silence"


def test_floor_and_start_come_from_the_enrolment(tmp_path: Path) -> None:
    measured = {"before": 0.5, "after": 0.7, "ceiling": 0.9, "floor_mean": 0.4, "floor_max": 0.6}
    enrolment = tmp_path / "enrolment.json"
    enrolment.write_text(json.dumps({"similarity": {"dvector": measured}}))
    assert enrolment_controls(enrolment) == {
        "before_the_fit": 0.5,
        "other_voices_mean": 0.4,
        "other_voices_highest": 0.6,
    }
    enrolment.write_text("{}")
    assert enrolment_controls(enrolment) == {}
