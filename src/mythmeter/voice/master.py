"""The master: sentences put together with their pauses, at one loudness, marked, on disk.

Sentences wait on disk and are marked in blocks, so memory stays flat in the script's length.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import soundfile

from mythmeter.atomic import replacing
from mythmeter.media.audio import Samples
from mythmeter.media.loudness import level_loudness, limit_peaks
from mythmeter.voice.pace import Pace
from mythmeter.voice.speech import Sentence, Speech, shift
from mythmeter.voice.watermark import SHORTEST_S, check_mark, mark

BLOCK_S = 12.0
"""Sound is marked in blocks of whole sentences that are at least this long."""


class Store:
    """Spoken sentences on disk, as raw float32."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lengths: list[int] = []
        self.sentences: list[Sentence] = []

    def add(self, speech: Speech) -> None:
        """Keep the sound of one sentence."""
        self._file.write(np.asarray(speech.samples, dtype=np.float32).tobytes())
        self._lengths.append(len(speech.samples))
        self.sentences.extend(speech.sentences)

    def lengths(self) -> Sequence[int]:
        """Return the samples of each sentence."""
        return tuple(self._lengths)

    def sounds(self) -> Iterator[Samples]:
        """Yield the sounds in order."""
        self._file.seek(0)
        for length in self._lengths:
            yield np.frombuffer(self._file.read(4 * length), dtype=np.float32)


class Layout(NamedTuple):
    """Where everything lies in the master, in samples."""

    starts: tuple[int, ...]
    """First sample of each sentence."""
    length: int
    cuts: tuple[int, ...]
    """Where blocks that are marked start, 0 first; all in silence."""


def lay_out(lengths: Sequence[int], pace: Pace, lead_s: float, rate_hz: int) -> Layout:
    """Place sentences between lead, pauses and tail; more tail where the watermark needs it."""
    pause = round(pace.pause_s * rate_hz)
    starts, cuts = [], [0]
    now = round(lead_s * rate_hz)
    for index, size in enumerate(lengths):
        if index:
            if now + pause // 2 - cuts[-1] >= BLOCK_S * rate_hz:
                cuts.append(now + pause // 2)
            now += pause
        starts.append(now)
        now += size
    shortest = round((SHORTEST_S + 0.1) * rate_hz)
    length = max(now + round(pace.tail_s * rate_hz), shortest)
    if length - cuts[-1] < shortest:
        cuts.pop()
    return Layout(tuple(starts), length, tuple(cuts))


def timed(sentences: Sequence[Sentence], layout: Layout, rate_hz: int) -> tuple[Sentence, ...]:
    """Return the sentences at their times in the master."""
    return tuple(
        sentence
        for one, start in zip(sentences, layout.starts, strict=True)
        for sentence in shift([one], start / rate_hz)
    )


def write_master(
    path: Path, store: Store, layout: Layout, *, rate_hz: int, lufs: float, scratch: Path
) -> None:
    """Write the marked WAV (16 bits) at a loudness.

    Args:
        path: the master.
        store: spoken sentences.
        layout: where they lie.
        rate_hz: sample rate.
        lufs: integrated loudness.
        scratch: folder for what lies between.

    Raises:
        MediaError: the speech is silent.
        ProvenanceError: the watermark does not read back.
    """
    plain, levelled = scratch / "plain.wav", scratch / "levelled.wav"
    with soundfile.SoundFile(plain, "w", rate_hz, 1, subtype="FLOAT") as wav:
        for start, sound in zip(layout.starts, store.sounds(), strict=True):
            wav.write(np.zeros(start - wav.tell(), dtype=np.float32))
            wav.write(sound)
        wav.write(np.zeros(layout.length - wav.tell(), dtype=np.float32))
    level_loudness(plain, levelled, lufs)
    marked = scratch / "marked.wav"
    highest = 0.0
    with soundfile.SoundFile(marked, "w", rate_hz, 1, subtype="FLOAT") as wav:
        for block in _blocks(levelled, layout):
            block = mark(block, rate_hz)
            highest = max(highest, float(np.abs(block).max()))
            wav.write(block)
    if highest > 1:
        limited = scratch / "limited.wav"
        limit_peaks(marked, limited)
        for block in _blocks(limited, layout):
            check_mark(block, rate_hz)
        marked = limited
    with (
        replacing(path) as partial,
        soundfile.SoundFile(partial, "w", rate_hz, 1, subtype="PCM_16") as wav,
    ):
        for block in _blocks(marked, layout):
            wav.write(block)


def _blocks(path: Path, layout: Layout) -> Iterator[Samples]:
    """Yield what is marked at a time."""
    with soundfile.SoundFile(path) as wav:
        for stop in (*layout.cuts[1:], layout.length):
            yield wav.read(stop - wav.tell(), dtype="float32")
