"""Sound of hours in a scratch file, sliced like an array, so that memory stays flat in its length.

What takes a `Sound` may be given either: it asks for slices and reads each with `np.asarray`.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from mythmeter.errors import MediaError
from mythmeter.media.audio import Samples

BLOCK = 1 << 16
"""Samples that are read or written at a time."""

SAMPLE_BYTES = 4


class LongSound:
    """Mono float32 sound in a file without a name; a slice is a view, which `np.asarray` reads."""

    def __init__(self, file: BinaryIO, start: int = 0, stop: int = 0) -> None:
        self._file = file
        self._start, self._stop = start, stop

    @classmethod
    def empty(cls, folder: Path | None = None) -> Self:
        """Open a scratch file in a folder (None: the system's); it is gone when nobody has it."""
        return cls(tempfile.TemporaryFile(dir=folder))  # type: ignore[arg-type]

    @classmethod
    def of_wav(cls, path: Path, rate_hz: int, folder: Path | None = None) -> Self:
        """Read a WAV file as mono at a sample rate.

        Raises:
            MediaError: it cannot be read.
        """
        sound = cls.empty(folder)
        for block in wav_blocks(path, rate_hz):
            sound.append(block)
        return sound

    def append(self, samples: Samples) -> None:
        """Add samples (n,) at the end; views that were taken before keep their length."""
        self._file.seek(self._stop * SAMPLE_BYTES)
        self._file.write(np.ascontiguousarray(samples, np.float32).data)
        self._stop += len(samples)

    def __len__(self) -> int:
        return self._stop - self._start

    def __getitem__(self, part: slice) -> "LongSound":
        start, stop, step = part.indices(len(self))
        if step != 1:
            raise ValueError("a long sound is sliced without a step")
        return LongSound(self._file, self._start + start, self._start + max(start, stop))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        self._file.seek(self._start * SAMPLE_BYTES)
        samples = np.frombuffer(self._file.read(len(self) * SAMPLE_BYTES), np.float32)
        return samples if dtype is None else samples.astype(dtype, copy=False)


Sound = Samples | LongSound
"""Mono sound, in memory or in a file."""


def blocks(sound: Sound, size: int = BLOCK) -> Iterator[Samples]:
    """Yield a sound in pieces of `size` samples; the last may be shorter."""
    for start in range(0, len(sound), size):
        yield np.asarray(sound[start : start + size], np.float32)


def wav_blocks(path: Path, rate_hz: int | None = None, size: int = BLOCK) -> Iterator[Samples]:
    """Yield a WAV file as mono float32, resampled if its rate is another; pieces of any length.

    Together they are, to the bit, what `read_wav` and `resample` make of the whole.

    Raises:
        MediaError: it cannot be read.
    """
    try:
        with soundfile.SoundFile(path) as wav:
            wanted_hz = rate_hz or wav.samplerate
            stream = soxr.ResampleStream(wav.samplerate, wanted_hz, 1, dtype="float32")
            left = wav.frames
            while left > 0:
                read = wav.read(min(size, left), dtype="float32", always_2d=True).mean(axis=1)
                left = left - len(read) if len(read) else 0
                same = wanted_hz == wav.samplerate
                yield read if same else stream.resample_chunk(read, last=left <= 0)
    except (soundfile.LibsndfileError, OSError) as error:
        raise MediaError(f"{path}: cannot be read as a WAV file ({error}).") from error


def wav_length(path: Path) -> tuple[int, int]:
    """Return (samples, sample rate in Hz) of a WAV file, by its header.

    Raises:
        MediaError: it cannot be read.
    """
    try:
        found = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise MediaError(f"{path}: cannot be read as a WAV file ({error}).") from error
    return int(found.frames), int(found.samplerate)
