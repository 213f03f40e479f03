"""Which frames a stretch of seconds covers."""

import math
from fractions import Fraction

from mythmeter.errors import MediaError


def segment_frames(
    start_s: float, end_s: float | None, rate: Fraction, n_frames: int
) -> tuple[int, int]:
    """Return (first, stop): the frames shown at or after `start_s` and before `end_s`.

    Frame k of a clip is shown at k / rate. Seconds are taken as the decimal number that was
    written (9.5 is 19/2), so that no rounding of floats moves a boundary by a frame.

    Args:
        start_s: first second of the segment.
        end_s: its end, not included; None means the end of the clip.
        rate: exact frames a second of the clip.
        n_frames: frames in the clip.

    Raises:
        MediaError: the segment is empty or does not lie inside the clip.
    """
    lasts_s = float(n_frames / rate)
    first = _frame_at(start_s, rate)
    stop = n_frames if end_s is None else _frame_at(end_s, rate)
    until = "its end" if end_s is None else f"{end_s:g} s"
    segment = f"The segment from {start_s:g} s to {until}"
    if start_s < 0 or first >= n_frames or stop > n_frames:
        raise MediaError(
            f"{segment} does not lie inside the clip, which lasts {lasts_s:.3f} s "
            f"({n_frames} frames at {rate} a second). Change start_s or end_s of the render."
        )
    if stop <= first:
        raise MediaError(
            f"{segment} holds no frame at {rate} frames a second. "
            "Let end_s be at least one frame after start_s."
        )
    return first, stop


def _frame_at(seconds: float, rate: Fraction) -> int:
    return math.ceil(Fraction(str(seconds)) * rate)
