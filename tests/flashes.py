"""A render whose picture flashes and whose sound beeps at the same moments, assembled for real.

Where both are in the finished file tells how far sound and picture drift apart.
"""

import json
import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from mythmeter.media.encode import VideoWriter
from mythmeter.media.mp4 import read_luma
from mythmeter.render.assemble import assemble
from mythmeter.render.timeline import Timeline, plan, write_timeline
from mythmeter.usage.record import UsageRecord

SPEECH_HZ = 24_000
SIZE = (64, 48)
BEEP_S = 0.02
LOUD = 0.25


@dataclass(frozen=True)
class Found:
    """What the finished file holds, in seconds of its own clock."""

    flashes_s: list[Fraction]
    beeps_s: list[Fraction]
    captions_s: list[Fraction]
    video_end_s: Fraction
    """Time of the last picture, and how long it is shown."""
    audio_end_s: Fraction
    frames: int

    def apart_s(self) -> list[float]:
        """Flash minus beep, of each pair."""
        pairs = zip(self.flashes_s, self.beeps_s, strict=True)
        return [float(flash - beep) for flash, beep in pairs]


def moments(rate: Fraction, seconds: int, every_s: int) -> list[int]:
    """Frames that flash: the first second, then one every so often, then the last second."""
    return [round(rate * at) for at in [1, *range(every_s, seconds - 1, every_s), seconds - 1]]


def make_render(folder: Path, rate: Fraction, seconds: int, every_s: int, chunks: int) -> Path:
    """Write chunks, speech, words and timeline, and assemble them; return the finished file."""
    flashing = moments(rate, seconds, every_s)
    timeline = plan(Fraction(seconds), rate, (0, math.ceil(seconds * rate)), "trim", chunks)
    write_timeline(folder / "timeline.parquet", timeline)
    files = [folder / f"{n}.mp4" for n in range(1, chunks + 1)]
    for number, file in enumerate(files, start=1):
        _write_chunk(file, timeline, timeline.of_chunk(number).tolist(), set(flashing))
    _write_speech(folder / "speech.wav", seconds, [n / rate for n in flashing])
    _write_words(folder / "words.json", seconds, [float(n / rate) for n in flashing])
    assemble(
        chunks=files,
        speech=folder / "speech.wav",
        words=folder / "words.json",
        timeline=folder / "timeline.parquet",
        out=folder / "assembled.mp4",
        audio_kbps=64,
        record=UsageRecord("assemble", {}),
    )
    return folder / "assembled.mp4"


def _write_chunk(path: Path, timeline: Timeline, numbers: list[int], flashing: set[int]) -> None:
    dark, bright = (np.full((SIZE[1], SIZE[0], 3), level, np.uint8) for level in (30, 220))
    writer = VideoWriter(
        path,
        rate=timeline.rate,
        size=SIZE,
        codec="libx264",
        options={"crf": "30", "preset": "ultrafast"},
        keyframe_interval=round(2 * timeline.rate),
    )
    with writer:
        for number in numbers:
            writer.write(bright if number in flashing else dark)


def _write_speech(path: Path, seconds: int, beeps_s: list[Fraction]) -> None:
    beep = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(round(BEEP_S * SPEECH_HZ)) / SPEECH_HZ)
    with soundfile.SoundFile(path, "w", SPEECH_HZ, 1, subtype="PCM_16") as wav:
        for at in beeps_s:
            wav.write(np.zeros(round(at * SPEECH_HZ) - wav.tell()))
            wav.write(beep)
        wav.write(np.zeros(seconds * SPEECH_HZ - wav.tell()))


def _write_words(path: Path, seconds: int, at_s: list[float]) -> None:
    words = [{"text": "flash", "start_s": at, "end_s": at + 0.2, "phonemes": []} for at in at_s]
    sentences = [
        {"text": "flash", "start_s": w["start_s"], "end_s": w["end_s"], "words": [w]} for w in words
    ]
    content = {"rate_hz": SPEECH_HZ, "duration_s": seconds, "language": "en"}
    path.write_text(json.dumps(content | {"sentences": sentences}), encoding="utf-8")


def read_back(path: Path, rate: Fraction) -> Found:
    """Find flashes, beeps, captions and ends in a finished file, by its own time stamps."""
    flashes, last, frames = [], Fraction(0), 0
    for time_s, luma in read_luma(path):
        frames, last = frames + 1, time_s
        if luma[8:40, 8:56].mean() > 120:
            flashes.append(time_s)
    beeps, audio_end = _beeps(path)
    return Found(flashes, beeps, _captions(path), last + 1 / rate, audio_end, frames)


def _beeps(path: Path) -> tuple[list[Fraction], Fraction]:
    """Return when each beep starts, and when the sound ends."""
    beeps: list[Fraction] = []
    end = Fraction(0)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            start = Fraction(frame.pts) * frame.time_base
            loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > LOUD)
            if len(loud):
                at = start + Fraction(int(loud[0]), frame.sample_rate)
                if not beeps or at - beeps[-1] > Fraction(1, 2):
                    beeps.append(at)
            end = start + Fraction(frame.samples, frame.sample_rate)
    return beeps, end


def _captions(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        packets = [p for p in container.demux(stream) if p.size and bytes(p)[:2] != b"\0\0"]
        return [Fraction(packet.pts) * stream.time_base for packet in packets]
