"""What a clip is: one pass over its packets, and one decoded frame, without trusting its header."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from mythmeter.errors import MediaError
from mythmeter.media.decode import open_clip

PICTURE_FORMATS = ("image2", "_pipe", "gif", "apng", "webp", "ico")
"""Parts of the names of demuxers of still pictures, which FFmpeg opens as one-frame videos."""

TRANSFERS = {1: "bt709", 6: "smpte170m", 13: "srgb", 14: "bt2020-10", 15: "bt2020-12"} | {
    16: "smpte2084",
    18: "arib-std-b67",
}
PRIMARIES = {1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020", 11: "smpte431", 12: "smpte432"}
MATRICES = {0: "rgb", 1: "bt709", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
RANGES = {1: "limited", 2: "full"}
UNSPECIFIED = "unspecified"

HDR_TRANSFERS = ("smpte2084", "arib-std-b67")
"""Perceptual quantiser (PQ, SMPTE ST 2084) and hybrid log-gamma (HLG, ARIB STD-B67)."""


@dataclass(frozen=True)
class Colour:
    """Colour tags of a video, in FFmpeg's names; `unspecified` where the file does not say."""

    primaries: str
    transfer: str
    matrix: str
    range: str


@dataclass(frozen=True)
class AudioTrack:
    """One audio track of a container."""

    index: int
    """Number of the stream in the container."""
    codec: str
    rate_hz: int
    channels: int
    default: bool
    start_s: float


@dataclass(frozen=True)
class ClipInfo:
    """What was found in a source clip."""

    path: Path
    container: str
    codec: str
    video_index: int
    """Number of the video stream in the container."""
    video_tracks: int
    width: int
    """Coded width in pixels, before rotation and pixel aspect."""
    height: int
    pixel_aspect: Fraction
    rotation_deg: int
    """Clockwise turn that makes the picture upright: 0, 90, 180 or 270."""
    pixel_format: str
    bit_depth: int
    colour: Colour
    interlaced: bool
    times_s: NDArray[np.float64]
    """Presentation time of every frame, sorted: (frames,)."""
    tick_s: float
    """Resolution of these times."""
    stated_rate: Fraction | None
    declared_end_s: float | None
    """When the header says that the clip ends; None where it does not say."""
    found_end_s: float
    """When the data really ends, on the same clock as `declared_end_s`."""
    audio: tuple[AudioTrack, ...]

    @property
    def frames(self) -> int:
        """Number of frames that the container holds."""
        return len(self.times_s)

    @property
    def start_s(self) -> float:
        """Presentation time of the first frame."""
        return float(self.times_s[0])

    @property
    def mean_rate(self) -> float:
        """Frames a second, averaged over the clip."""
        return (self.frames - 1) / float(self.times_s[-1] - self.times_s[0])

    @property
    def hdr(self) -> bool:
        """True where the transfer function is PQ or HLG."""
        return self.colour.transfer in HDR_TRANSFERS


def probe(path: Path) -> ClipInfo:
    """Describe a clip by demuxing it once and decoding its first frame.

    Memory: 8 bytes a frame.

    Raises:
        MediaError: unreadable, no video track, a still picture, or fewer than two timed frames.
    """
    if not path.is_file():
        raise MediaError(f"{path}: no such file. Check the path in the configuration.")
    with open_clip(path) as container:
        name = container.format.name
        stream = _moving_stream(container, path)
        if any(ending in name for ending in PICTURE_FORMATS):
            raise MediaError(f"{path}: is a still picture ({name}), not a video.")
        audio = tuple(_audio_track(track) for track in container.streams.audio)
        video_tracks = sum(1 for s in container.streams.video if not _is_cover(s))
        times_s, video_end_s, last_end_s = _scan(container, stream, path)
        declared_end_s, found_end_s = _ends(container, stream, video_end_s, last_end_s)
        stated_rate = Fraction(stream.average_rate) if stream.average_rate else None
        tick_s = float(stream.time_base)
        index, codec = stream.index, stream.codec_context.codec.name
        pixel_aspect = Fraction(stream.sample_aspect_ratio or 1)
    first = _first_frame(path, index)
    return ClipInfo(
        path=path,
        container=name,
        codec=codec,
        video_index=index,
        video_tracks=video_tracks,
        width=first.width,
        height=first.height,
        pixel_aspect=pixel_aspect,
        rotation_deg=round(-first.rotation / 90) * 90 % 360,
        pixel_format=first.format.name,
        bit_depth=max(component.bits for component in first.format.components),
        colour=_colour(first),
        interlaced=bool(first.interlaced_frame),
        times_s=times_s,
        tick_s=tick_s,
        stated_rate=stated_rate,
        declared_end_s=declared_end_s,
        found_end_s=found_end_s,
        audio=audio,
    )


def choose_audio(info: ClipInfo) -> AudioTrack | None:
    """Return the track marked default, else the first; None where the clip has no sound."""
    return next((track for track in info.audio if track.default), next(iter(info.audio), None))


def _moving_stream(container: Any, path: Path) -> Any:
    moving = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not moving:
        raise MediaError(f"{path}: has no video track, only a cover picture.")
    default = [s for s in moving if s.disposition & Disposition.default]
    return (default or moving)[0]


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _audio_track(stream: Any) -> AudioTrack:
    return AudioTrack(
        index=stream.index,
        codec=stream.codec_context.codec.name,
        rate_hz=stream.codec_context.sample_rate,
        channels=stream.codec_context.channels,
        default=bool(stream.disposition & Disposition.default),
        start_s=float((stream.start_time or 0) * stream.time_base),
    )


def _scan(container: Any, stream: Any, path: Path) -> tuple[NDArray[np.float64], float, float]:
    """Return the sorted times of the video's frames, its end, and the end of the longest track."""
    base = float(stream.time_base)
    presented: list[float] = []
    decoded: list[float] = []
    video_end_s = last_end_s = 0.0
    try:
        for packet in container.demux():
            if not packet.size or packet.is_discard:
                continue
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is None:
                continue
            end_s = float((stamp + (packet.duration or 0)) * packet.time_base)
            last_end_s = max(last_end_s, end_s)
            if packet.stream.index == stream.index:
                video_end_s = max(video_end_s, end_s)
                if packet.pts is not None:
                    presented.append(packet.pts * base)
                if packet.dts is not None:
                    decoded.append(packet.dts * base)
    except av.error.FFmpegError as error:
        raise MediaError(
            f"{path}: its data is damaged after {video_end_s:.2f} s ({error.strerror}). "
            "Copy the file again from where it came from."
        ) from error
    # Some containers (AVI) store no presentation times for B-frames; decoding times then serve.
    times = presented if len(presented) >= len(decoded) else decoded
    if len(times) < 2:
        raise MediaError(
            f"{path}: holds {len(times)} frames with a time stamp; a video needs at least 2."
        )
    return np.sort(np.asarray(times)), video_end_s, last_end_s


def _ends(
    container: Any, stream: Any, video_end_s: float, last_end_s: float
) -> tuple[float | None, float]:
    """Return (declared end, found end) on the video track's clock, else on the container's."""
    if stream.duration:
        start = stream.start_time or 0
        return float((start + stream.duration) * stream.time_base), video_end_s
    if container.duration:
        # Matroska counts its duration from 0, the others from their first time stamp.
        start = 0 if "matroska" in container.format.name else container.start_time or 0
        return (start + container.duration) / av.time_base, last_end_s
    return None, video_end_s


def _first_frame(path: Path, index: int) -> Any:
    with open_clip(path) as container:
        try:
            for frame in container.decode(container.streams[index]):
                return frame
        except av.error.FFmpegError as error:
            raise MediaError(f"{path}: its video cannot be decoded ({error.strerror}).") from error
    raise MediaError(f"{path}: not one frame of it can be decoded.")


def _colour(frame: Any) -> Colour:
    pixel_format = frame.format.name
    stated_range = "full" if pixel_format.startswith("yuvj") else UNSPECIFIED
    return Colour(
        primaries=PRIMARIES.get(int(frame.color_primaries), UNSPECIFIED),
        transfer=TRANSFERS.get(int(frame.color_trc), UNSPECIFIED),
        matrix="rgb" if frame.format.is_rgb else MATRICES.get(int(frame.colorspace), UNSPECIFIED),
        range=RANGES.get(int(frame.color_range), stated_range),
    )
