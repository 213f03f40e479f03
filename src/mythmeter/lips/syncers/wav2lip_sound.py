"""What Wav2Lip hears: 80 mel bands, 80 times a second, of sound at 16 kHz.

As published with the network (its sound follows Tacotron's): first difference of 0.97, Hann windows
of 800 samples every 200, magnitudes through Slaney's mel filters from 55 to 7600 Hz, decibels below
20 dB from -100 to 0 laid over -4..4. A picture is given 16 of these steps, from its own time on.
"""

from collections import OrderedDict
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.media.long_sound import LongSound, wav_blocks

SOUND_HZ: Final = 16_000
HOP: Final = 200
WINDOW: Final = 800
BANDS: Final = 80
STEPS: Final = 16
STEPS_HZ: Final = SOUND_HZ // HOP
RANGE_HZ: Final = (55.0, 7600.0)
PREEMPHASIS: Final = 0.97
REFERENCE_DB: Final = 20.0
FLOOR_DB: Final = -100.0
LIMIT: Final = 4.0
SILENCE: Final = -LIMIT
BLOCK_STEPS: Final = 64
"""Steps worked out together, always as many and from a multiple of it on: rounding depends on
both, and a chunk must hear what the whole hears."""
BLOCKS_HELD: Final = 4

Array = NDArray[np.float32]


def first_step(frame: int, rate: Fraction, shift_s: Fraction = Fraction(0)) -> int:
    """Return the step at which the sound of an output frame begins; exact at any frame rate.

    Args:
        frame: output frame, from 0.
        rate: frames a second.
        shift_s: how much later the sound is taken, in seconds.
    """
    return ((Fraction(frame) / rate + shift_s) * STEPS_HZ).__floor__()


def mel_steps(samples: NDArray[np.floating]) -> Array:
    """Return (n // 200 + 1, 80) in -4..4 of samples (n,) at 16 kHz; step i is centred at 200 i."""
    sound = np.asarray(samples, np.float32)
    emphasised = np.append(sound[:1], sound[1:] - np.float32(PREEMPHASIS) * sound[:-1])
    padded = np.pad(emphasised, WINDOW // 2)
    count = len(sound) // HOP + 1
    # Whole blocks, the last filled up with silence.
    padded = np.pad(padded, (0, -count % BLOCK_STEPS * HOP))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    shape = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    blocks = []
    for start in range(0, count, BLOCK_STEPS):
        spectrum = np.abs(np.fft.rfft(windows[start : start + BLOCK_STEPS] * shape))
        level = np.maximum(spectrum @ _filters().T, 10 ** (FLOOR_DB / 20))
        decibels = 20 * np.log10(level) - REFERENCE_DB
        scaled = 2 * LIMIT * (decibels - FLOOR_DB) / -FLOOR_DB - LIMIT
        blocks.append(np.clip(scaled, -LIMIT, LIMIT).astype(np.float32))
    return np.concatenate(blocks)[:count]


class Sound:
    """Steps of a stretch of speech; beyond its ends it is silent.

    The stretch waits on disk and steps are worked out as they are asked for, so a chunk of any
    length takes the same memory.
    """

    def __init__(self, speech: Path, first: int, last: int) -> None:
        """Read steps `first` to `last` (excluded) of a WAV file; any other is an IndexError.

        Steps are the same in whatever stretch they are read.

        Raises:
            MediaError: not a WAV file.
        """
        self._first, self._last = first, last
        # Three steps more on each side hold the windows and the sample before them.
        self._start = max(first - 3, 0) // BLOCK_STEPS * BLOCK_STEPS
        self._samples = _stretch(speech, self._start * HOP, max(last + 3, self._start) * HOP)
        self._steps: OrderedDict[int, Array] = OrderedDict()

    def heard_from(self, step: int) -> Array:
        """Return (80, 16): 16 steps from one on."""
        if not self._first <= step <= self._last - STEPS:
            raise IndexError(f"step {step} was not read")
        heard = np.full((STEPS, BANDS), SILENCE, np.float32)
        for number in range(max(step, self._start), step + STEPS):
            block, row = divmod(number - self._start, BLOCK_STEPS)
            steps = self._block(block)
            if row < len(steps):
                heard[number - step] = steps[row]
        return heard.T

    def _block(self, number: int) -> Array:
        """Steps of a block, counted from the start of the stretch; fewer at the end of the speech.

        Worked out with the block before and a little of the one after, whose samples its windows
        reach into.
        """
        if number not in self._steps:
            before = min(number, 1) * BLOCK_STEPS
            start = (number * BLOCK_STEPS - before) * HOP
            part = self._samples[start : start + (before + BLOCK_STEPS + 3) * HOP]
            rows = np.empty((0, BANDS), np.float32)
            if len(part):
                rows = mel_steps(np.asarray(part))[before : before + BLOCK_STEPS]
            self._steps[number] = rows
            while len(self._steps) > BLOCKS_HELD:
                self._steps.popitem(last=False)
        return self._steps[number]


def _stretch(speech: Path, start: int, stop: int) -> LongSound:
    """Samples `start` to `stop` of a file at 16 kHz, as far as there are any."""
    kept, position = LongSound.empty(), 0
    for part in wav_blocks(speech, SOUND_HZ):
        low, high = max(start - position, 0), min(stop - position, len(part))
        if low < high:
            kept.append(part[low:high])
        position += len(part)
        if position >= stop:
            break
    return kept


@cache
def _filters() -> NDArray[np.float32]:
    """Slaney's triangles (80, 401), each of area one; Auditory Toolbox, 1998."""
    low, high = (_mel(hz) for hz in RANGE_HZ)
    edges_hz = _hertz(np.linspace(low, high, BANDS + 2))
    bins_hz = np.fft.rfftfreq(WINDOW, 1 / SOUND_HZ)
    left, centre, right = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    triangles = np.minimum((bins_hz - left) / (centre - left), (right - bins_hz) / (right - centre))
    return np.asarray(np.clip(triangles, 0, None) * 2 / (right - left), np.float32)


BREAK_HZ: Final = 1000.0
HZ_PER_MEL: Final = 200 / 3
LOG_STEP: Final = np.log(6.4) / 27
"""Slaney's scale is even up to 1000 Hz, and above it 27 mels are a factor of 6.4."""


def _mel(hz: float) -> float:
    if hz < BREAK_HZ:
        return hz / HZ_PER_MEL
    return float(BREAK_HZ / HZ_PER_MEL + np.log(hz / BREAK_HZ) / LOG_STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = BREAK_HZ / HZ_PER_MEL
    return np.where(
        mel < bend, mel * HZ_PER_MEL, BREAK_HZ * np.exp(LOG_STEP * (np.maximum(mel, bend) - bend))
    )
