"""What is in a finished MP4, read back from the file: its boxes, tracks and times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import MediaError
from mythmeter.media.audio import Samples
from mythmeter.media.container import open_clip, open_media
from mythmeter.media.decode import Frame

HALF_A_MS = Fraction(1, 2000)


@dataclass(frozen=True)
class Movie:
    """Tracks of a finished file."""

    width: int
    height: int
    rate: Fraction
    frames: int
    """Pictures in the video track, by its index."""
    video_s: float
    audio_s: float | None
    """Length of the sound that is played, by the track's edit list; None: no sound."""
    audio_rate_hz: int | None
    captions: int
    """Caption texts in the text tracks."""
    caption_language: str | None


def box_order(path: Path) -> list[str]:
    """Return the types of a file's top-level boxes in order.

    Source: ISO/IEC 14496-12, section 4.2.

    Raises:
        MediaError: the file is not made of boxes.
    """
    size_of_file = path.stat().st_size
    kinds: list[str] = []
    with path.open("rb") as file:
        position = 0
        while position < size_of_file:
            file.seek(position)
            header = file.read(16)
            size = int.from_bytes(header[:4], "big")
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            elif size == 0:
                size = size_of_file - position
            if len(header) < 8 or size < 8 or position + size > size_of_file:
                raise MediaError(f"{path}: is not an MP4 file, or is cut short.")
            kinds.append(header[4:8].decode("latin-1"))
            position += size
    return kinds


def read_movie(path: Path) -> Movie:
    """Describe the tracks of a finished file.

    Raises:
        MediaError: not a video.
    """
    with open_clip(path) as container:
        video = container.streams.video[0]
        audio = next(iter(container.streams.audio), None)
        text = next(iter(container.streams.subtitles), None)
        captions = 0
        if text is not None:
            # A sample of no text only fills a gap between captions.
            captions = sum(1 for p in container.demux(text) if p.size and bytes(p)[:2] != b"\0\0")
        rate = Fraction(video.average_rate or video.guessed_rate or 25)
        video_s = _lasts_s(video, container)
        return Movie(
            width=video.width,
            height=video.height,
            rate=rate,
            # Matroska, WebM and still pictures have no index of pictures.
            frames=video.frames or max(1, round(video_s * rate)),
            video_s=video_s,
            audio_s=_lasts_s(audio, container) if audio else None,
            audio_rate_hz=audio.codec_context.sample_rate if audio else None,
            captions=captions,
            caption_language=text.metadata.get("language") if text else None,
        )


def _lasts_s(stream: Any, container: Any) -> float:
    """Length of a track; of the whole file where the track does not state its own."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def has_pictures(path: Path) -> bool:
    """Return whether a file has a video track; false for one with sound only.

    Raises:
        MediaError: neither pictures nor sound can be read from it.
    """
    with open_media(path) as container:
        # A cover picture in a sound file is a video track of one picture.
        cover = av.stream.Disposition.attached_pic
        if any(not (stream.disposition & cover) for stream in container.streams.video):
            return True
        if not container.streams.audio:
            raise MediaError(f"{path}: has neither pictures nor sound.")
        return False


def read_pictures(path: Path, times_s: Sequence[Fraction | float]) -> Iterator[Frame]:
    """Yield the picture shown at each time, by seeking; times beyond the end give none.

    Raises:
        MediaError: a picture cannot be decoded.
    """
    with open_clip(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        base, first = Fraction(stream.time_base), stream.start_time or 0
        try:
            for time_s in times_s:
                if time_s > 0:
                    container.seek(first + int(time_s / base), stream=stream, backward=True)
                for frame in container.decode(stream):
                    # Times of some containers are rounded to whole milliseconds.
                    if frame.pts is None or (frame.pts - first) * base >= time_s - HALF_A_MS:
                        yield frame.to_ndarray(format="rgb24")
                        break
        except av.error.FFmpegError as error:
            raise MediaError(f"{path}: a picture cannot be decoded ({error.strerror}).") from error


def read_luma(path: Path) -> Iterator[tuple[Fraction, NDArray[np.uint8]]]:
    """Yield (time in seconds, luma plane (height, width)) of each picture, as it is stored.

    Raises:
        MediaError: a picture cannot be decoded.
    """
    with open_clip(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        try:
            for frame in container.decode(stream):
                plane = frame.planes[0]
                luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
                yield Fraction(frame.pts) * frame.time_base, luma[: frame.height, : frame.width]
        except av.error.FFmpegError as error:
            raise MediaError(f"{path}: a picture cannot be decoded ({error.strerror}).") from error


def read_sound(path: Path, block_s: float) -> Iterator[tuple[Samples, int]]:
    """Yield the first sound track as mono blocks of `block_s`: (samples, rate in Hz).

    The last block is longer than the others, by less than a block, so that none is too short to
    be judged. Nothing is yielded where there is no sound.

    Raises:
        MediaError: the sound cannot be decoded.
    """
    with open_media(path) as container:
        if not container.streams.audio:
            return
        stream: Any = container.streams.audio[0]
        rate_hz: int = stream.codec_context.sample_rate
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate_hz)
        size = round(block_s * rate_hz)
        pieces: list[Samples] = []
        for frame in _sound_frames(container, stream, path):
            pieces += [part.to_ndarray()[0] for part in resampler.resample(frame)]
            if sum(len(piece) for piece in pieces) >= 2 * size:
                joined = np.concatenate(pieces)
                yield joined[:size], rate_hz
                pieces = [joined[size:]]
        if pieces:
            yield np.concatenate(pieces), rate_hz


def _sound_frames(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    try:
        yield from container.decode(stream)
    except av.error.FFmpegError as error:
        raise MediaError(f"{path}: its sound cannot be decoded ({error.strerror}).") from error
