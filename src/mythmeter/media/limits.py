"""How much time, memory and disk the decoding of a user's file may take, by what is in it.

The limits are several times what whole files need, so that only damaged, hostile or enormous ones
meet them. All of them grow with the file and are multiplied by `ingest.limits_factor`.
"""

from dataclasses import dataclass

MAX_PICTURE_PX = 8192 * 8192
"""Larger pictures are refused before one is decoded: no camera makes them."""

GRACE_S = 60.0
"""What any file is given: programs start, disks wake up, machines are busy."""
SCAN_MB_PER_S = 5.0
"""Slowest reading that is waited for: a tired disk, a network."""
SCAN_MEMORY_MB = 2048
FRAME_S = 0.02
MEGAPIXEL_S = 0.15
"""A picture's decoding, scaling and encoding: about five times what one busy core needs."""
SLOWEST_SOUND = 10.0
"""Seconds of sound decoded in a second of wall time, at least."""

ENCODER_MB = 768
THREAD_MB = 64
SOUND_MEMORY_MB = 1024
VERIFY_GRACE_S = 600.0
VERIFY_S_PER_MB = 20.0
VERIFY_MEMORY_MB = 8_000
"""Mostly address space that the libraries of networks reserve and do not use."""
PICTURES_HELD = 16
"""Reference pictures of a decoder at most (H.264 and HEVC, 16)."""
PICTURES_HELD_PER_THREAD = 4
BYTES_PER_PIXEL = 6
"""Of the fattest format: 4:4:4 at 16 bits."""
PICTURES_ENCODED = 60
"""Pictures of 1.5 bytes a pixel in the encoder's look-ahead."""
MB = 1e6


@dataclass(frozen=True)
class Limits:
    """What a child process may use before it is stopped."""

    time_s: float
    """Wall-clock time."""
    memory_mb: int
    """Address space, which is two to three times the resident memory."""
    file_mb: int
    """Size of any file that it writes."""
    raised_by: str
    """What a user turns to allow more, for the message."""


def limits_of_scan(size_bytes: int, factor: float = 1.0) -> Limits:
    """Return the limits of reading all packets of a file and decoding its first picture."""
    time_s = GRACE_S + size_bytes / MB / SCAN_MB_PER_S
    return _limits(time_s, SCAN_MEMORY_MB, 1, factor)


def limits_of_conversion(
    *,
    frames: int,
    source_px: int,
    clip_px: int,
    threads: int,
    factor: float = 1.0,
) -> Limits:
    """Return the limits of making a clip uniform.

    Args:
        frames: pictures read or written, whichever are more.
        source_px: pixels of a picture that is read.
        clip_px: pixels of a picture that is written.
        threads: of decoder and encoder.
        factor: multiplies all limits.
    """
    time_s = GRACE_S + frames * (FRAME_S + (source_px + clip_px) / MB * MEGAPIXEL_S)
    held = PICTURES_HELD + PICTURES_HELD_PER_THREAD * threads
    memory_mb = (
        ENCODER_MB
        + THREAD_MB * threads
        + source_px * BYTES_PER_PIXEL * held / MB
        + clip_px * 1.5 * PICTURES_ENCODED / MB
    )
    # No encoder makes more of a picture than its pixels.
    return _limits(time_s, memory_mb, 16 + frames * clip_px * 3 / MB, factor)


def limits_of_sound(*, size_bytes: int, sound_s: float, rate_hz: int, factor: float) -> Limits:
    """Return the limits of taking out `sound_s` seconds of sound at `rate_hz`, 16 bits, mono."""
    time_s = GRACE_S + size_bytes / MB / SCAN_MB_PER_S + sound_s / SLOWEST_SOUND
    return _limits(time_s, SOUND_MEMORY_MB, 16 + sound_s * rate_hz * 2 / MB, factor)


def limits_of_verification(size_bytes: int, factor: float = 1.0) -> Limits:
    """Return the limits of `mythmeter verify`, which decodes every picture and runs networks."""
    time_s = VERIFY_GRACE_S + size_bytes / MB * VERIFY_S_PER_MB
    return _limits(time_s, VERIFY_MEMORY_MB, 16, factor, f"`--limits-factor` (now {factor:g})")


def _limits(
    time_s: float, memory_mb: float, file_mb: float, factor: float, raised_by: str = ""
) -> Limits:
    return Limits(
        time_s=time_s * factor,
        memory_mb=int(memory_mb * factor),
        file_mb=int(file_mb * factor) + 1,
        raised_by=raised_by or f"`ingest.limits_factor` (now {factor:g})",
    )
