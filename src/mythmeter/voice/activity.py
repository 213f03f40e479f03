"""Where in a recording there is sound, by its level alone."""

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import SpeechError
from mythmeter.media.audio import Samples
from mythmeter.media.long_sound import Sound, blocks

FRAME_S = 0.02
BELOW_LOUD_DB = 35.0
"""A frame is silent that lies this far below the loud ones (their 95th percentile)."""
FLOOR_DB = -65.0
"""A frame is silent below this in any case (dB of full scale)."""
HANGOVER_FRAMES = 6
"""Frames kept around each sound, so that soft word ends stay."""


BLOCK_FRAMES = 2048
"""Frames whose level is measured at a time."""


def sounding_frames(samples: Sound, rate_hz: int) -> np.ndarray:
    """Say for each 20 ms frame whether it is within 0.12 s of sound."""
    frame = round(FRAME_S * rate_hz)
    whole = samples[: len(samples) // frame * frame]
    if not len(whole):
        return np.zeros(0, dtype=bool)
    power = [
        np.mean(np.square(block.reshape(-1, frame), dtype=np.float64), axis=1)
        for block in blocks(whole, BLOCK_FRAMES * frame)
    ]
    level_db = 10 * np.log10(np.concatenate(power) + 1e-12)
    threshold_db = max(FLOOR_DB, float(np.percentile(level_db, 95)) - BELOW_LOUD_DB)
    sounding = (level_db > threshold_db).astype(float)
    return np.convolve(sounding, np.ones(2 * HANGOVER_FRAMES + 1), mode="same") > 0


def without_pauses(samples: Sound, rate_hz: int) -> Samples:
    """Cut out the frames without sound.

    Raises:
        SpeechError: nothing is left.
    """
    speech = SpeechOnly(samples, rate_hz)
    return speech.part(0, len(speech))


class SpeechOnly:
    """A sound without its pauses, read in parts, so that hours of it need not be in memory."""

    def __init__(self, samples: Sound, rate_hz: int) -> None:
        """Find the frames with sound.

        Raises:
            SpeechError: there are none.
        """
        self._samples = samples
        self._frame = round(FRAME_S * rate_hz)
        self._kept: NDArray[np.int64] = np.flatnonzero(sounding_frames(samples, rate_hz))
        if not len(self._kept):
            raise SpeechError(f"{len(samples) / rate_hz:.2f} s of sound hold nothing but silence.")

    def __len__(self) -> int:
        return len(self._kept) * self._frame

    def part(self, start: int, stop: int) -> Samples:
        """Return samples `start` to `stop` (excluded) of what is left when pauses are cut."""
        stop = min(stop, len(self))
        if start >= stop:
            return np.zeros(0, np.float32)
        first = start // self._frame
        kept = self._kept[first : -(-stop // self._frame)]
        begin = int(kept[0]) * self._frame
        sound = np.asarray(self._samples[begin : (int(kept[-1]) + 1) * self._frame], np.float32)
        frames = sound.reshape(-1, self._frame)[kept - kept[0]].ravel()
        offset = first * self._frame
        return np.asarray(frames[start - offset : stop - offset])
