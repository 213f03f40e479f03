"""Files that are no clips, or something else as well."""

import struct
import zlib
from collections.abc import Callable, Mapping
from random import Random

Originals = Mapping[str, bytes]


def png(side: int = 64) -> bytes:
    """Return a black picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\0\0\0" * side for _ in range(side)))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def wav(rng: Random) -> bytes:
    """Return sound alone, with a strange number of channels and rate."""
    channels, rate_hz = rng.choice((0, 1, 24, 255)), rng.choice((0, 1, 44100, 2**31))
    body = rng.randbytes(2000)
    head = struct.pack("<HHIIHH", 1, channels, rate_hz, 0, 2 * channels, 16)
    inner = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", 2000) + body
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def _text(originals: Originals, rng: Random) -> bytes:
    return b"Dear all, this is not a video.\n" * rng.choice((1, 50, 3000))


def _empty(originals: Originals, rng: Random) -> bytes:
    return b""


def _noise(originals: Originals, rng: Random) -> bytes:
    return rng.randbytes(rng.choice((1, 100, 20000)))


def _constant(originals: Originals, rng: Random) -> bytes:
    return rng.choice((b"\0", b"\xff", b"\x47", b"\0\0\1")) * rng.choice((1, 1000, 30000))


def _playlist(originals: Originals, rng: Random) -> bytes:
    where = rng.choice(
        ("file:///etc/hostname", "/etc/passwd", "http://127.0.0.1:9/a.ts", "self.mp4")
    )
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{where}\n#EXT-X-ENDLIST\n".encode()


def _concat(originals: Originals, rng: Random) -> bytes:
    return b"ffconcat version 1.0\nfile '/etc/hostname'\nfile 'again.mp4'\n"


def _manifest(originals: Originals, rng: Random) -> bytes:
    return b'<?xml version="1.0"?><MPD type="static"><BaseURL>http://127.0.0.1:9/</BaseURL></MPD>'


def _picture(originals: Originals, rng: Random) -> bytes:
    return png()


def _wav(originals: Originals, rng: Random) -> bytes:
    return wav(rng)


def _front(originals: Originals, rng: Random) -> bytes:
    """Put the head of another format before a clip."""
    heads = (
        b"%PDF-1.7\n",
        b"PK\3\4",
        b"GIF89a",
        b"\x7fELF",
        b"#!/bin/sh\n",
        b"\x1a\x45\xdf\xa3",
        png(),
    )
    return rng.choice(heads) + originals[rng.choice(sorted(originals))]


def _behind(originals: Originals, rng: Random) -> bytes:
    """Put something else behind a clip."""
    tails = (b"PK\5\6" + b"\0" * 18, b"<html>", png(), originals[rng.choice(sorted(originals))])
    return originals[rng.choice(sorted(originals))] + rng.choice(tails)


def _inside(originals: Originals, rng: Random) -> bytes:
    """Put one clip into the header of another: an MP4 in a `free` box before an MKV, and so on."""
    inner = originals[rng.choice(sorted(originals))]
    return struct.pack(">I4s", len(inner) + 8, b"free") + inner + originals["fast.mp4"]


KINDS: Mapping[str, Callable[[Originals, Random], bytes]] = {
    "empty": _empty,
    "text": _text,
    "noise": _noise,
    "constant": _constant,
    "playlist": _playlist,
    "concat": _concat,
    "manifest": _manifest,
    "picture": _picture,
    "sound": _wav,
    "polyglot_front": _front,
    "polyglot_behind": _behind,
    "polyglot_inside": _inside,
}
