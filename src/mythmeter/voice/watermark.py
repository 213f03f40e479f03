"""An inaudible mark in synthetic speech, and how strongly it reads (Perth, Resemble AI, MIT)."""

import warnings
from functools import cache
from typing import Any

import numpy as np

from mythmeter.errors import ProvenanceError
from mythmeter.media.audio import Samples

THRESHOLD = 0.5
"""Marked speech reads 1.0, at least 0.6 after lossy coding; unmarked speech up to 0.21."""

SHORTEST_S = 2.0
"""Shorter sound cannot be read back, so it is not accepted as marked."""


def mark(samples: Samples, rate_hz: int) -> Samples:
    """Return the samples (n,) with the mark in them, after reading it back.

    Raises:
        ProvenanceError: shorter than SHORTEST_S, or the mark does not read back.
    """
    duration_s = len(samples) / rate_hz
    if duration_s < SHORTEST_S:
        raise ProvenanceError(
            f"{duration_s:.2f} s of speech are too short to be watermarked: the mark reads back "
            f"from {SHORTEST_S:.0f} s on. Write a longer script or longer silence around it."
        )
    watermarker = _perth()
    with _without_gradients():
        applied = watermarker.apply_watermark(samples, sample_rate=rate_hz)
    marked = np.asarray(applied, dtype=np.float32)
    marked = np.pad(marked, (0, max(0, len(samples) - len(marked))))[: len(samples)]
    check_mark(marked, rate_hz)
    return marked


def check_mark(samples: Samples, rate_hz: int) -> None:
    """Read the mark from samples (n,).

    Raises:
        ProvenanceError: it does not read back.
    """
    strength = mark_strength(samples, rate_hz)
    if strength < THRESHOLD:
        raise ProvenanceError(
            f"The watermark does not read back from the speech: strength {strength:.2f}, at least "
            f"{THRESHOLD} is needed. Speech that is mostly silence cannot carry it."
        )


def mark_strength(samples: Samples, rate_hz: int) -> float:
    """Return how strongly the mark reads, 0 to 1; THRESHOLD and above is marked."""
    watermarker = _perth()
    with _without_gradients():
        bits = watermarker.get_watermark(samples, sample_rate=rate_hz, round=False)
    return float(np.mean(bits))


def _without_gradients() -> Any:
    """Perth keeps what a gradient would need, 30 MB for a quarter of a minute, for good."""
    import torch

    return torch.inference_mode()


@cache
def _perth() -> Any:
    """Load the watermarker once.

    Raises:
        ProvenanceError: the package is there but its network is not; it fails quietly by itself.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import perth
        except (ImportError, OSError) as error:
            raise ProvenanceError(f"The watermarker Perth does not load ({error}).") from error
        if perth.PerthImplicitWatermarker is None:
            raise ProvenanceError(
                "The watermarker Perth is installed without what it needs (torchaudio, librosa, "
                "setuptools < 81), and unmarked speech is never written. Run `make setup` again."
            )
        return perth.PerthImplicitWatermarker()
