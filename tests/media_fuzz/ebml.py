"""Mutations of Matroska and WebM that take the file apart into EBML elements.

Sources: RFC 8794 (EBML), RFC 9559 (Matroska).
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

SEGMENT, INFO, TRACKS, ENTRY, CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0x1F43B675
VIDEO, AUDIO, GROUP, CUES, SEEK, CUE = 0xE0, 0xE1, 0xA0, 0x1C53BB6B, 0x114D9B74, 0xBB
NESTING = (SEGMENT, INFO, TRACKS, ENTRY, CLUSTER, VIDEO, AUDIO, GROUP, CUES, SEEK, CUE, 0x1A45DFA3)
SCALE, DURATION, CODEC, TIME, BLOCK, GROUP_BLOCK = 0x2AD7B1, 0x4489, 0x86, 0xE7, 0xA3, 0xA1
WIDTH, HEIGHT, SHOWN_WIDTH, CHANNELS, RATE, DEFAULT = 0xB0, 0xBA, 0x54B0, 0x9F, 0xB5, 0x23E383
PRIVATE, TRACK_TYPE, LACING, TRACK_NUMBER = 0x63A2, 0x83, 0x9C, 0xD7
UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"
NUMBERS = (0, 1, 255, 65535, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1)
CODECS = (b"V_MPEG4/ISO/AVC", b"V_VP8", b"V_VP9", b"V_AV1", b"V_FFV1", b"V_UNCOMPRESSED", b"A_OPUS")
CODECS += (
    b"A_AAC",
    b"A_FLAC",
    b"A_VORBIS",
    b"A_PCM/INT/LIT",
    b"S_TEXT/UTF8",
    b"V_NONE",
    b"",
    b"\xff",
)


@dataclass
class Element:
    """An element: its id, and its payload or the elements in it."""

    id: int
    payload: bytes = b""
    inner: "list[Element] | None" = None
    stated: bytes | None = None
    """Size field as written; None: the true size in eight bytes."""

    def pack(self) -> bytes:
        body = self.payload if self.inner is None else b"".join(e.pack() for e in self.inner)
        size = self.stated or (len(body) | 1 << 56).to_bytes(8, "big")
        return self.id.to_bytes((self.id.bit_length() + 7) // 8, "big") + size + body


def parse(data: bytes) -> list[Element]:
    """Take a file, or what is in an element, apart."""
    found, at = [], 0
    while at < len(data):
        id_length = 9 - data[at].bit_length()
        if id_length > 4 or at + id_length >= len(data):
            break
        id_ = int.from_bytes(data[at : at + id_length], "big")
        at += id_length
        size_length = 9 - data[at].bit_length()
        if size_length > 8:
            break
        size = int.from_bytes(data[at : at + size_length], "big") & ((1 << 7 * size_length) - 1)
        at += size_length
        if size == (1 << 7 * size_length) - 1 or at + size > len(data):
            size = len(data) - at
        body = data[at : at + size]
        found.append(Element(id_, inner=parse(body)) if id_ in NESTING else Element(id_, body))
        at += size
    return found


def walk(elements: list[Element]) -> Iterator[tuple[list[Element], Element]]:
    """Yield every element with the list that it is in."""
    for element in list(elements):
        yield elements, element
        if element.inner is not None:
            yield from walk(element.inner)


def pack(elements: list[Element]) -> bytes:
    """Put a file together."""
    return b"".join(element.pack() for element in elements)


def mutate(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Do one to three structured changes."""
    elements = parse(data)
    names = [rng.choice(list(CHANGES)) for _ in range(rng.choice((1, 1, 2, 3)))]
    done = [said for name in names if (said := CHANGES[name](elements, rng))]
    return pack(elements), "; ".join(done) or "nothing"


def _pick(elements: list[Element], rng: Random, *ids: int) -> tuple[list[Element], Element] | None:
    found = [(where, e) for where, e in walk(elements) if not ids or e.id in ids]
    return rng.choice(found) if found else None


def _integer(value: int) -> bytes:
    return value.to_bytes(8, "big")


def wrong_size(elements: list[Element], rng: Random) -> str:
    """State a wrong or unknown size."""
    _, element = _pick(elements, rng) or (elements, elements[0])
    sizes = (UNKNOWN_SIZE, b"\x80", b"\x81", b"\xff", b"\x01\x7f\xff\xff\xff\xff\xff\xff", b"\x00")
    element.stated = rng.choice(sizes)
    return f"{element.id:x} states size {element.stated.hex()}"


def doubled(elements: list[Element], rng: Random) -> str:
    """Have an element twice or often, in another element: a track in a track."""
    groups = ((ENTRY,), (TRACKS,), (CLUSTER,), (SEGMENT,), (VIDEO, AUDIO), ())
    _, element = _pick(elements, rng, *rng.choice(groups)) or (elements, elements[0])
    hosts = [e.inner for _, e in walk(elements) if e.inner is not None]
    copies = rng.choice((1, 1, 2, 40))
    copied = parse(element.pack())
    rng.choice(hosts).extend(copied * copies)
    return f"{element.id:x} {copies} more times"


def dropped(elements: list[Element], rng: Random) -> str:
    """Leave an element out."""
    where, element = _pick(elements, rng) or (elements, elements[0])
    where.remove(element)
    return f"{element.id:x} dropped"


def nested(elements: list[Element], rng: Random) -> str:
    """Nest elements deeply."""
    depth = rng.choice((10, 100, 2000))
    id_ = rng.choice((SEGMENT, ENTRY, CLUSTER, GROUP))
    body = b""
    for _ in range(depth):
        body = Element(id_, body).pack()
    hosts = [e.inner for _, e in walk(elements) if e.inner is not None]
    rng.choice(hosts).append(Element(id_, body))
    return f"{depth} nested {id_:x}"


def wrong_number(elements: list[Element], rng: Random) -> str | None:
    """Change a number: scale and times of the clock, size of the picture, channels, track."""
    ids = (SCALE, TIME, WIDTH, HEIGHT, SHOWN_WIDTH, CHANNELS, DEFAULT, TRACK_TYPE, LACING)
    found = _pick(elements, rng, rng.choice((*ids, TRACK_NUMBER)))
    if found is None:
        return None
    value = rng.choice((*NUMBERS, 24, 16384, 8193, rng.randrange(2**40)))
    found[1].payload = _integer(value)
    return f"{found[1].id:x} = {value}"


def wrong_float(elements: list[Element], rng: Random) -> str | None:
    """Change duration or sample rate: not a number, negative, endless, tiny."""
    found = _pick(elements, rng, DURATION, RATE)
    if found is None:
        return None
    value = rng.choice((float("nan"), float("inf"), -1.0, 0.0, 1e-300, 1e300, 7.0, 1e9))
    found[1].payload = struct.pack(">d", value)
    return f"{found[1].id:x} = {value}"


def wrong_codec(elements: list[Element], rng: Random) -> str | None:
    """Name another codec, or damage its set-up."""
    found = _pick(elements, rng, CODEC, PRIVATE)
    if found is None:
        return None
    element = found[1]
    if element.id == CODEC:
        element.payload = rng.choice(CODECS)
    elif element.payload:
        at = rng.randrange(len(element.payload))
        element.payload = element.payload[:at] + rng.randbytes(4) + element.payload[at + 4 :]
    return f"{element.id:x} = {element.payload[:12]!r}"


def jumping_times(elements: list[Element], rng: Random) -> str | None:
    """Move single blocks in time: to and fro, below zero, all to one moment."""
    blocks = [e for _, e in walk(elements) if e.id in (BLOCK, GROUP_BLOCK) and len(e.payload) > 4]
    if not blocks:
        return None
    way = rng.choice(("noise", "same", "negative", "one"))
    for block in blocks if way != "one" else [rng.choice(blocks)]:
        ms = {"noise": rng.randrange(-32768, 32768), "same": 0, "negative": -32768}.get(way, 32767)
        block.payload = block.payload[:1] + struct.pack(">h", ms) + block.payload[3:]
    return f"block times: {way}"


CHANGES: Mapping[str, Callable[[list[Element], Random], str | None]] = {
    "wrong_size": wrong_size,
    "doubled": doubled,
    "dropped": dropped,
    "nested": nested,
    "wrong_number": wrong_number,
    "wrong_number_again": wrong_number,
    "wrong_float": wrong_float,
    "wrong_codec": wrong_codec,
    "jumping_times": jumping_times,
}
