"""What will be done to a source clip: its size, rate, key frames and colour."""

from dataclasses import asdict, dataclass
from fractions import Fraction

from mythmeter.errors import MediaError
from mythmeter.media.probe import UNSPECIFIED, ClipInfo, jumping_times
from mythmeter.media.rate import RateChoice, choose_rate

MIN_SIDE_PX = 64
"""Below this no face can be tracked, so the clip is refused."""

FRAMES_TOLERATED = 2
"""A clip that ends this many frames before its header says is still whole."""

MAX_STRETCH = 20
"""So many frames may be made of one, on average, where a clip of variable rate has gaps."""

MAX_RATE = 1000
"""Frames a second; more is a fault of time stamps, not a high-speed camera's clip."""

SD_HEIGHT_PX = 720
"""Untagged pictures lower than this are taken for BT.601, others for BT.709 (usual practice)."""

WIDE_GAMUTS = ("bt2020", "smpte431", "smpte432")


@dataclass(frozen=True)
class Plan:
    """What will be done to a clip."""

    width: int
    height: int
    crop: bool
    """True: an odd last column or row is cut off, nothing is resampled."""
    scale: bool
    rate: RateChoice
    keyframe_interval: int
    """Frames from one key frame to the next."""
    frames: int
    """About how many there will be."""


def make_plan(info: ClipInfo, *, max_height: int, keyframe_s: float) -> Plan:
    """Decide size, rate and key frames of the uniform clip.

    Raises:
        MediaError: the picture is too small, or the data ends before the header says.
    """
    _check_usable(info)
    upright = info.rotation_deg in (0, 180)
    width, height = (info.width, info.height) if upright else (info.height, info.width)
    aspect = info.pixel_aspect if upright else 1 / info.pixel_aspect
    shrink = min(Fraction(1), Fraction(max_height, height))
    if aspect == 1 and shrink == 1:
        size, crop, scale = (width // 2 * 2, height // 2 * 2), bool(width % 2 or height % 2), False
    else:
        size, crop, scale = (_even(width * aspect * shrink), _even(height * shrink)), False, True
    rate = choose_rate(info.times_s, info.tick_s, info.stated_rate)
    frames = _frames_at(rate.rate, info)
    return Plan(
        width=size[0],
        height=size[1],
        crop=crop,
        scale=scale,
        rate=rate,
        keyframe_interval=max(1, round(keyframe_s * rate.rate)),
        frames=frames,
    )


def _frames_at(rate: Fraction, info: ClipInfo) -> int:
    """Return how many frames the clip has at a constant rate.

    Raises:
        MediaError: time stamps so far apart, or so close together, that they cannot be meant.
    """
    frames = round((info.times_s[-1] - info.start_s) * float(rate)) + 1
    if frames > MAX_STRETCH * info.frames:
        raise jumping_times(info)
    if rate > MAX_RATE:
        raise MediaError(
            f"{info.path}: shows {float(rate):.6g} frames a second by its time stamps; at most "
            f"{MAX_RATE} are believed. Convert it with an editor first."
        )
    return frames


def _even(length: Fraction) -> int:
    return max(2, int(length) // 2 * 2)


def _check_usable(info: ClipInfo) -> None:
    if min(info.width, info.height) < MIN_SIDE_PX:
        raise MediaError(
            f"{info.path}: is {info.width}×{info.height} pixels; at least {MIN_SIDE_PX}×"
            f"{MIN_SIDE_PX} are needed to find a face. Use a larger version of the clip."
        )
    frame_s = 1 / info.mean_rate
    if info.declared_end_s is None:
        return
    if info.found_end_s < info.declared_end_s - FRAMES_TOLERATED * frame_s:
        raise MediaError(
            f"{info.path}: is truncated: its header promises {info.declared_end_s:.2f} s and its "
            f"data ends at {info.found_end_s:.2f} s. Copy the file again from where it came from."
        )


def assumed_colour(info: ClipInfo) -> dict[str, str]:
    """Return the clip's colour with its gaps filled by usual practice, in FFmpeg's names."""
    found = asdict(info.colour)
    sd = min(info.width, info.height) < SD_HEIGHT_PX
    usual = {
        "primaries": "bt2020" if info.hdr else "bt709",
        "transfer": "bt709",
        "matrix": "bt2020nc" if info.hdr else ("smpte170m" if sd else "bt709"),
        "range": "limited",
    }
    filled = {k: usual[k] if v == UNSPECIFIED else v for k, v in found.items()}
    if filled["transfer"] == "srgb":
        filled["transfer"] = "iec61966-2-1"
    return filled


def fraction_text(value: Fraction) -> str:
    """Write an exact number as FFmpeg and our metadata do: `30000/1001`."""
    return f"{value.numerator}/{value.denominator}"
