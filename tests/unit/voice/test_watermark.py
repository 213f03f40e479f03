"""Marked speech reads back; clean speech does not; a missing watermarker stops everything."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from mythmeter.errors import ProvenanceError
from mythmeter.voice import watermark
from mythmeter.voice.speech import Speech
from mythmeter.voice.watermark import THRESHOLD, mark, mark_strength


def test_the_mark_reads_back_from_marked_speech_alone(spoken: Speech) -> None:
    marked = mark(spoken.samples, spoken.rate_hz)
    assert marked.shape == spoken.samples.shape
    assert mark_strength(marked, spoken.rate_hz) > 0.9
    assert mark_strength(spoken.samples, spoken.rate_hz) < THRESHOLD / 3
    noise = np.sum((marked - spoken.samples) ** 2)
    assert 10 * np.log10(np.sum(spoken.samples**2) / noise) > 12


def test_nothing_is_kept_for_a_gradient(spoken: Speech) -> None:
    """Perth by itself keeps 30 MB for each block that is marked, so an hour took 6 GB."""
    gradients = []

    class Watching:
        def apply_watermark(self, samples: np.ndarray, **_: object) -> np.ndarray:
            gradients.append(torch.is_grad_enabled())
            return samples

        def get_watermark(self, samples: np.ndarray, **_: object) -> np.ndarray:
            gradients.append(torch.is_grad_enabled())
            return np.ones(4)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watermark, "_perth", Watching)
        mark(spoken.samples, spoken.rate_hz)
    assert gradients == [False, False]


def test_speech_too_short_to_verify_is_not_accepted(spoken: Speech) -> None:
    with pytest.raises(ProvenanceError, match=r"1\.00 s of speech are too short"):
        mark(spoken.samples[: spoken.rate_hz], spoken.rate_hz)


@pytest.fixture
def no_perth(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import perth

    watermark._perth.cache_clear()
    monkeypatch.setattr(perth, "PerthImplicitWatermarker", None)
    yield
    watermark._perth.cache_clear()


def test_a_watermarker_that_did_not_load_is_an_error(no_perth: None, spoken: Speech) -> None:
    with pytest.raises(ProvenanceError, match="without what it needs"):
        mark(spoken.samples, spoken.rate_hz)


def test_a_mark_that_does_not_read_back_is_an_error(
    monkeypatch: pytest.MonkeyPatch, spoken: Speech
) -> None:
    class Idle:
        def apply_watermark(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
            return samples

        def get_watermark(self, samples: np.ndarray, **_: object) -> np.ndarray:
            return np.zeros(32)

    monkeypatch.setattr(watermark, "_perth", Idle)
    with pytest.raises(ProvenanceError, match=r"does not read back.*0\.00"):
        mark(spoken.samples, spoken.rate_hz)
