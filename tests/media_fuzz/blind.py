"""Mutations that know nothing of the format."""

from collections.abc import Callable, Mapping
from random import Random

Mutator = Callable[[bytes, Random], tuple[bytes, str]]
"""Returns the mutated bytes and what was done, in words."""

HEADER_BYTES = 2048


def flip(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Change single bytes anywhere."""
    return _change(data, rng, 0, len(data))


def flip_header(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Change single bytes near the start or the end, where headers lie."""
    if rng.random() < 0.7:
        return _change(data, rng, 0, min(len(data), HEADER_BYTES))
    return _change(data, rng, max(0, len(data) - HEADER_BYTES), len(data))


def _change(data: bytes, rng: Random, start: int, stop: int) -> tuple[bytes, str]:
    out = bytearray(data)
    count = rng.choice((1, 1, 2, 4, 16, 64))
    for _ in range(count):
        out[rng.randrange(start, stop)] = rng.choice((0, 255, 127, 128, rng.randrange(256)))
    return bytes(out), f"{count} bytes changed in {start}..{stop}"


def overwrite(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Fill a stretch with zeros, ones or noise."""
    start, stop = _stretch(data, rng)
    fill = rng.choice(
        (b"\0" * (stop - start), b"\xff" * (stop - start), rng.randbytes(stop - start))
    )
    return data[:start] + fill + data[stop:], f"bytes {start}..{stop} overwritten"


def remove(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Take a stretch out."""
    start, stop = _stretch(data, rng)
    return data[:start] + data[stop:], f"bytes {start}..{stop} removed"


def repeat(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Put a stretch in twice, elsewhere."""
    start, stop = _stretch(data, rng)
    at = rng.randrange(len(data))
    return data[:at] + data[start:stop] + data[at:], f"bytes {start}..{stop} again at {at}"


def truncate(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Cut the end off."""
    at = rng.choice((rng.randrange(1, 64), rng.randrange(1, len(data)), len(data) - 1))
    return data[:at], f"cut after {at} of {len(data)} bytes"


def _stretch(data: bytes, rng: Random) -> tuple[int, int]:
    length = min(len(data) - 1, rng.choice((4, 16, 188, 1000, len(data) // 4)))
    start = rng.randrange(len(data) - length)
    return start, start + length


def splice(data: bytes, other: bytes, rng: Random) -> tuple[bytes, str]:
    """Join the start of one file to the end of another."""
    here, there = rng.randrange(1, len(data)), rng.randrange(1, len(other))
    return data[:here] + other[there:], f"first {here} bytes, then another file from {there}"


MUTATORS: Mapping[str, Mutator] = {
    "flip": flip,
    "flip_header": flip_header,
    "overwrite": overwrite,
    "remove": remove,
    "repeat": repeat,
    "truncate": truncate,
}
