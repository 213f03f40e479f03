"""What a clip is: one pass over its packets, and one decoded frame, without trusting its header."""

import base64
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import MediaError
from mythmeter.media.limits import limits_of_scan
from mythmeter.media.sandbox import call_apart

UNSPECIFIED = "unspecified"

LONGEST_FRAME_S = 4.0
"""Mean time between two frames beyond which a clip is no video, or its time stamps are wrong."""

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
    found_start_s: float | None
    """Earliest time of its packets; None: it has none."""
    found_end_s: float | None
    gaps_s: float
    """Stretches of more than a second without a packet, together."""


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


def probe(path: Path, limits_factor: float = 1.0) -> ClipInfo:
    """Describe a clip by demuxing it once and decoding its first frame, in a sandbox.

    Memory: 8 bytes a frame.

    Args:
        path: the user's file.
        limits_factor: multiplies the limits of the sandbox.

    Raises:
        MediaError: unreadable, no video track, a still picture, a picture of absurd size, fewer
            than two timed frames, time stamps that jump, or a file that crashes its decoder or
            takes too long.
    """
    if not path.is_file():
        raise MediaError(f"{path}: no such file. Check the path in the configuration.")
    facts = call_apart(
        "mythmeter.media.scan:scan_clip",
        {"path": str(path)},
        source=path,
        limits=limits_of_scan(path.stat().st_size, limits_factor),
    )
    info = _clip_info(path, facts)
    if info.times_s[-1] - info.start_s > LONGEST_FRAME_S * info.frames:
        raise jumping_times(info)
    return info


def jumping_times(info: ClipInfo) -> MediaError:
    """Return the error of a clip whose time stamps lie too far apart to be meant."""
    gap = int(np.argmax(np.diff(info.times_s)))
    return MediaError(
        f"{info.path}: its time stamps jump: {info.frames} frames lie over "
        f"{info.times_s[-1] - info.start_s:.4g} s, none of them between {info.times_s[gap]:.4g} s "
        f"and {info.times_s[gap + 1]:.4g} s. Convert it with an editor first, or cut off what lies "
        "behind the gap."
    )


def _clip_info(path: Path, facts: dict[str, Any]) -> ClipInfo:
    stated = facts["stated_rate"]
    times_s = np.frombuffer(base64.b64decode(facts["times_s"]), np.float64)
    read = {
        "pixel_aspect": Fraction(facts["pixel_aspect"]),
        "colour": Colour(**facts["colour"]),
        "times_s": np.sort(times_s),
        "stated_rate": None if stated is None else Fraction(stated),
        "audio": tuple(AudioTrack(**track) for track in facts["audio"]),
    }
    return ClipInfo(path=path, **(facts | read))


def choose_audio(info: ClipInfo) -> AudioTrack | None:
    """Return the track marked default, else the first; None where the clip has no sound."""
    return next((track for track in info.audio if track.default), next(iter(info.audio), None))
