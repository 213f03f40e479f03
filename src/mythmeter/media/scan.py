"""A user's file read once from end to end, and its first picture decoded: the child's side.

Nothing here is called in the job's own process: see `probe`, which calls `scan_clip` in a sandbox.
NumPy is not imported, so that the child starts in a tenth of a second.
"""

import base64
from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from mythmeter.errors import MediaError
from mythmeter.media.container import open_clip, reason_of
from mythmeter.media.limits import MAX_PICTURE_PX

PICTURE_FORMATS = ("image2", "_pipe", "gif", "apng", "webp", "ico")
"""Parts of the names of demuxers of still pictures, which FFmpeg opens as one-frame videos."""

LONG_GAP_S = 1.0

TRANSFERS = {1: "bt709", 6: "smpte170m", 13: "srgb", 14: "bt2020-10", 15: "bt2020-12"} | {
    16: "smpte2084",
    18: "arib-std-b67",
}
PRIMARIES = {1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020", 11: "smpte431", 12: "smpte432"}
MATRICES = {0: "rgb", 1: "bt709", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
RANGES = {1: "limited", 2: "full"}
UNSPECIFIED = "unspecified"


@dataclass
class _Sound:
    """What the packets of an audio track say about its time."""

    first_s: float | None = None
    end_s: float | None = None
    gaps_s: float = 0.0


@dataclass
class _Found:
    """What all packets of a file say."""

    presented: "array[float]" = field(default_factory=lambda: array("d"))
    decoded: "array[float]" = field(default_factory=lambda: array("d"))
    video_end_s: float = 0.0
    last_end_s: float = 0.0
    sounds: dict[int, _Sound] = field(default_factory=dict)


def scan_clip(path: str) -> dict[str, Any]:
    """Describe a clip by demuxing it once and decoding its first frame.

    Memory: 8 bytes a frame and time stamp.

    Returns:
        The fields of `probe.ClipInfo` as JSON: fractions as text, times as base64 of float64.

    Raises:
        MediaError: unreadable, no video track, a still picture, a picture of absurd size, or fewer
            than two timed frames.
    """
    file = Path(path)
    with open_clip(file) as container:
        name = container.format.name
        stream = _moving_stream(container, file)
        if any(ending in name for ending in PICTURE_FORMATS):
            raise MediaError(f"{path}: is a still picture ({name}), not a video.")
        _check_size(stream, file)
        video_tracks = sum(1 for s in container.streams.video if not _is_cover(s))
        found = _scan(container, stream, file)
        declared_end_s, found_end_s = _ends(container, stream, found)
        facts = {
            "container": name,
            "codec": _codec(stream),
            "video_index": stream.index,
            "video_tracks": video_tracks,
            "pixel_aspect": str(Fraction(stream.sample_aspect_ratio or 1)),
            "times_s": base64.b64encode(_times(found, file).tobytes()).decode(),
            "tick_s": float(stream.time_base),
            "stated_rate": str(Fraction(stream.average_rate)) if stream.average_rate else None,
            "declared_end_s": declared_end_s,
            "found_end_s": found_end_s,
            "audio": [_audio_track(s, found) for s in container.streams.audio],
        }
    return facts | _first_frame(file, facts["video_index"])


def _moving_stream(container: Any, path: Path) -> Any:
    moving = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not moving:
        raise MediaError(f"{path}: has no video track, only a cover picture.")
    default = [s for s in moving if s.disposition & Disposition.default]
    return (default or moving)[0]


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _check_size(stream: Any, path: Path) -> None:
    width, height = (stream.width, stream.height) if stream.codec_context else (0, 0)
    if width * height > MAX_PICTURE_PX:
        raise MediaError(
            f"{path}: says that its picture is {width}×{height} pixels; at most "
            f"{MAX_PICTURE_PX / 1e6:.0f} megapixels are decoded. Its header is damaged, or scale "
            "it down first."
        )


def _codec(stream: Any) -> str:
    context = stream.codec_context
    return "unknown" if context is None else str(context.codec.name)


def _audio_track(stream: Any, found: _Found) -> dict[str, Any]:
    context = stream.codec_context
    sound = found.sounds.get(stream.index, _Sound())
    return {
        "index": stream.index,
        "codec": _codec(stream),
        "rate_hz": context.sample_rate if context else 0,
        "channels": context.channels if context else 0,
        "default": bool(stream.disposition & Disposition.default),
        "start_s": float((stream.start_time or 0) * stream.time_base),
        "found_start_s": sound.first_s,
        "found_end_s": sound.end_s,
        "gaps_s": sound.gaps_s,
    }


def _scan(container: Any, stream: Any, path: Path) -> _Found:
    """Read the time stamps of all packets."""
    base = float(stream.time_base)
    found = _Found()
    try:
        for packet in container.demux():
            if not packet.size or packet.is_discard:
                continue
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is None:
                continue
            start_s = float(stamp * packet.time_base)
            end_s = start_s + float((packet.duration or 0) * packet.time_base)
            found.last_end_s = max(found.last_end_s, end_s)
            if packet.stream.index == stream.index:
                found.video_end_s = max(found.video_end_s, end_s)
                if packet.pts is not None:
                    found.presented.append(packet.pts * base)
                if packet.dts is not None:
                    found.decoded.append(packet.dts * base)
            elif packet.stream.type == "audio":
                _hear(found.sounds.setdefault(packet.stream.index, _Sound()), start_s, end_s)
    except MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise MediaError(
            f"{path}: its data is damaged after {found.video_end_s:.2f} s ({reason_of(error)}). "
            "Copy the file again from where it came from."
        ) from error
    return found


def _hear(sound: _Sound, start_s: float, end_s: float) -> None:
    if sound.first_s is None or sound.end_s is None:
        sound.first_s, sound.end_s = start_s, end_s
        return
    if start_s - sound.end_s > LONG_GAP_S:
        sound.gaps_s += start_s - sound.end_s
    sound.first_s, sound.end_s = min(sound.first_s, start_s), max(sound.end_s, end_s)


def _times(found: _Found, path: Path) -> "array[float]":
    # Some containers (AVI) store no presentation times for B-frames; decoding times then serve.
    enough = len(found.presented) >= len(found.decoded)
    times = found.presented if enough else found.decoded
    if len(times) < 2:
        raise MediaError(
            f"{path}: holds {len(times)} frames with a time stamp; a video needs at least 2."
        )
    if min(times) == max(times):
        raise MediaError(
            f"{path}: shows all its {len(times)} frames at the same time. Copy the file again from "
            "where it came from."
        )
    return times


def _ends(container: Any, stream: Any, found: _Found) -> tuple[float | None, float]:
    """Return (declared end, found end) on the video track's clock, else on the container's."""
    if stream.duration:
        start = stream.start_time or 0
        return float((start + stream.duration) * stream.time_base), found.video_end_s
    if container.duration:
        # Matroska counts its duration from 0, the others from their first time stamp.
        start = 0 if "matroska" in container.format.name else container.start_time or 0
        return (start + container.duration) / av.time_base, found.last_end_s
    return None, found.video_end_s


def _first_frame(path: Path, index: int) -> dict[str, Any]:
    with open_clip(path) as container:
        stream = container.streams[index]
        if stream.codec_context is None:
            raise MediaError(
                f"{path}: its video is of a codec that FFmpeg does not know. Convert it to H.264 "
                "in MP4 first."
            )
        stream.codec_context.thread_count = 1
        try:
            for frame in container.decode(stream):
                return _describe(frame)
        except MemoryError:
            raise
        except av.error.FFmpegError as error:
            raise MediaError(
                f"{path}: its video cannot be decoded ({reason_of(error)})."
            ) from error
    raise MediaError(f"{path}: not one frame of it can be decoded.")


def _describe(frame: Any) -> dict[str, Any]:
    pixel_format = frame.format.name
    stated_range = "full" if pixel_format.startswith("yuvj") else UNSPECIFIED
    return {
        "width": frame.width,
        "height": frame.height,
        "rotation_deg": round(-frame.rotation / 90) * 90 % 360,
        "pixel_format": pixel_format,
        "bit_depth": max(component.bits for component in frame.format.components),
        "interlaced": bool(frame.interlaced_frame),
        "colour": {
            "primaries": PRIMARIES.get(int(frame.color_primaries), UNSPECIFIED),
            "transfer": TRANSFERS.get(int(frame.color_trc), UNSPECIFIED),
            "matrix": "rgb"
            if frame.format.is_rgb
            else MATRICES.get(int(frame.colorspace), UNSPECIFIED),
            "range": RANGES.get(int(frame.color_range), stated_range),
        },
    }
