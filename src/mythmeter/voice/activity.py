"""Where in a recording there is sound, by its level alone."""

import numpy as np

from mythmeter.errors import SpeechError
from mythmeter.media.audio import Samples

FRAME_S = 0.02
BELOW_LOUD_DB = 35.0
"""A frame is silent that lies this far below the loud ones (their 95th percentile)."""
FLOOR_DB = -65.0
"""A frame is silent below this in any case (dB of full scale)."""
HANGOVER_FRAMES = 6
"""Frames kept around each sound, so that soft word ends stay."""


def sounding_frames(samples: Samples, rate_hz: int) -> np.ndarray:
    """Say for each 20 ms frame whether it is within 0.12 s of sound."""
    frame = round(FRAME_S * rate_hz)
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    level_db = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-12)
    if not len(level_db):
        return np.zeros(0, dtype=bool)
    threshold_db = max(FLOOR_DB, float(np.percentile(level_db, 95)) - BELOW_LOUD_DB)
    sounding = (level_db > threshold_db).astype(float)
    return np.convolve(sounding, np.ones(2 * HANGOVER_FRAMES + 1), mode="same") > 0


def without_pauses(samples: Samples, rate_hz: int) -> Samples:
    """Cut out the frames without sound.

    Raises:
        SpeechError: nothing is left.
    """
    frame = round(FRAME_S * rate_hz)
    kept = sounding_frames(samples, rate_hz)
    if not kept.any():
        raise SpeechError(f"{len(samples) / rate_hz:.2f} s of sound hold nothing but silence.")
    return np.asarray(samples[: len(kept) * frame].reshape(-1, frame)[kept].ravel())
