"""One MP4 out of finished chunks, speech and captions: pictures are copied, never encoded again."""

import heapq
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import soxr

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError
from mythmeter.media.audio import Samples
from mythmeter.media.container import open_clip
from mythmeter.media.decode import count_frames

AUDIO_RATE_HZ = 48_000
AAC_FRAME = 1024
READ_BLOCK = 16_384
CAPTION_TIME_BASE = Fraction(1, 1000)
MP4_OPTIONS = {"movflags": "+faststart", "movie_timescale": str(AUDIO_RATE_HZ)}
"""Index before the data, so that playback starts at once; edit lists exact to an audio sample."""


@dataclass(frozen=True)
class Caption:
    """A text shown from `start_s` to `end_s`; lines are separated by a line feed."""

    start_s: float
    end_s: float
    text: str


def write_movie(
    path: Path,
    chunks: Sequence[Path],
    speech: Path,
    captions: Iterable[Caption],
    *,
    rate: Fraction,
    frames: int,
    audio_kbps: int,
    language: str,
) -> None:
    """Join H.264 chunks, encode the speech as AAC and add captions as a text track.

    The sound is resampled to 48 kHz and filled with silence up to the end of the video. Packets
    of all tracks are made and written in order of time, so memory stays flat in the length.

    Args:
        path: the `.mp4` to write; it appears only when it is complete.
        chunks: files of one size, rate and encoder setting, each starting with an IDR picture.
        speech: WAV, not longer than the video.
        captions: in order, not overlapping.
        rate: exact frames a second of the chunks.
        frames: how many the chunks must hold together.
        audio_kbps: AAC bit rate.
        language: ISO 639-2 code of the speech ("eng").

    Raises:
        MediaError: chunks that do not fit together, or that hold another number of frames.
    """
    length = round(Fraction(frames) / rate * AUDIO_RATE_HZ)
    with replacing(path) as partial, open_clip(chunks[0]) as template:
        with av.open(str(partial), "w", options=MP4_OPTIONS) as movie:
            pictures: Any = movie.add_stream_from_template(template.streams.video[0])
            pictures.time_base = 1 / rate
            sound: Any = movie.add_stream("aac", rate=AUDIO_RATE_HZ, layout="mono")
            sound.bit_rate = audio_kbps * 1000
            text: Any = movie.add_mux_stream("mov_text")
            text.time_base = CAPTION_TIME_BASE
            for stream in (sound, text):
                stream.metadata["language"] = language
            movie.start_encoding()
            tracks = (
                _copied(chunks, pictures, rate),
                _encoded(_resampled(speech, length), sound),
                (_caption_packet(caption, text) for caption in captions),
            )
            for packet in heapq.merge(*tracks, key=lambda p: p.dts * p.time_base):
                movie.mux(packet)
        written = count_frames(partial)
        if written != frames:
            raise MediaError(
                f"The chunks of {path.name} hold {written} frames together, but its timeline has "
                f"{frames}. Delete the chunks of this render and run again."
            )


def _copied(chunks: Sequence[Path], stream: Any, rate: Fraction) -> Iterator[Any]:
    """Yield the packets of all chunks, renumbered in whole frames.

    Decoding runs ahead of presentation by the encoder's reordering depth. A chunk too short to need
    it has less, so the greatest depth of all is given to each: decoding times then never collide.
    """
    depth = max(_reordering_depth(chunk, rate) for chunk in chunks)
    setup = _setup(chunks[0])
    written = 0
    for chunk in chunks:
        if _setup(chunk) != setup:
            raise MediaError(
                f"{chunk}: was encoded with other settings than {chunks[0].name}, so they cannot "
                "be joined. Delete the chunks of this render and run again."
            )
        order = -1
        missing: set[int] = set()
        highest = -1
        for order, (packet, number) in enumerate(_packets(chunk, rate)):
            if order == 0 and not (packet.is_keyframe and number == 0):
                raise MediaError(f"{chunk}: does not start with a key frame at time 0.")
            missing.update(range(highest + 1, number))
            missing.discard(number)
            highest = max(highest, number)
            packet.stream, packet.time_base, packet.duration = stream, 1 / rate, 1
            packet.pts, packet.dts = written + number, written + order - depth
            yield packet
        if missing or highest != order:
            raise MediaError(f"{chunk}: its frames are not evenly spaced at {rate} a second.")
        written += order + 1


def _packets(chunk: Path, rate: Fraction) -> Iterator[tuple[Any, int]]:
    """Yield (packet, number of its frame) in decoding order."""
    with open_clip(chunk) as container:
        stream = container.streams.video[0]
        in_frames = Fraction(stream.time_base) * rate
        for packet in container.demux(stream):
            if packet.size:
                yield packet, round(packet.pts * in_frames)


def _reordering_depth(chunk: Path, rate: Fraction) -> int:
    packet, _ = next(_packets(chunk, rate))
    return round(-packet.dts * Fraction(packet.time_base) * rate)


def _setup(chunk: Path) -> bytes:
    """Return the decoder's set-up (sequence and picture parameter sets) of a chunk."""
    with open_clip(chunk) as container:
        return bytes(container.streams.video[0].codec_context.extradata or b"")


def _resampled(speech: Path, length: int) -> Iterator[Samples]:
    """Yield blocks of at most one AAC frame at 48 kHz: the speech, then silence up to `length`."""
    pending = np.zeros(0, np.float32)
    done = 0
    with soundfile.SoundFile(speech) as wav:
        resampler = soxr.ResampleStream(wav.samplerate, AUDIO_RATE_HZ, 1, dtype="float32")
        while done < length:
            read = wav.read(READ_BLOCK, dtype="float32", always_2d=True).mean(axis=1)
            pending = np.append(pending, resampler.resample_chunk(read, last=not len(read)))
            if not len(read):
                silence = max(0, length - done - len(pending))
                pending = np.append(pending, np.zeros(silence, np.float32))[: length - done]
            whole = len(pending) // AAC_FRAME * AAC_FRAME if len(read) else len(pending)
            for start in range(0, whole, AAC_FRAME):
                yield pending[start : min(start + AAC_FRAME, whole)]
            pending, done = pending[whole:], done + whole


def _encoded(blocks: Iterable[Samples], stream: Any) -> Iterator[Any]:
    start = 0
    for block in blocks:
        frame: Any = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block[None]), format="fltp", layout="mono"
        )
        frame.sample_rate = AUDIO_RATE_HZ
        frame.pts, frame.time_base = start, Fraction(1, AUDIO_RATE_HZ)
        start += len(block)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _caption_packet(caption: Caption, stream: Any) -> Any:
    """Return a sample of 3GPP timed text: the text's length in bytes, then the text in UTF-8.

    Source: 3GPP TS 26.245, section 5.17.
    """
    text = caption.text.encode()
    packet: Any = av.Packet(struct.pack(">H", len(text)) + text)
    packet.stream, packet.time_base = stream, CAPTION_TIME_BASE
    packet.pts = packet.dts = round(Fraction(caption.start_s) / CAPTION_TIME_BASE)
    packet.duration = round(Fraction(caption.end_s) / CAPTION_TIME_BASE) - packet.pts
    return packet
