"""Mutations of MP4 and MOV that take the file apart into boxes and put it together again.

Source: ISO/IEC 14496-12. Sizes are computed anew, so that a change is met where it was made and
not as a broken file; chunk offsets follow when the size of `moov` changes before the data.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

NESTING = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"udta", b"mvex")
NESTING += (b"moof", b"traf")
SIZES = (0, 1, 2, 7, 8, 9, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
NUMBERS = (0, 1, 2, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
CODECS = (b"avc1", b"hev1", b"mp4v", b"vp09", b"av01", b"jpeg", b"apch", b"raw ", b"drac")
CODECS += (
    b"mp4a",
    b"sowt",
    b"ac-3",
    b"alaw",
    b"Opus",
    b"fLaC",
    b"tmcd",
    b"text",
    b"\0\0\0\0",
    b"zzzz",
)


@dataclass
class Box:
    """A box: its type, and its payload or the boxes in it."""

    kind: bytes
    payload: bytes = b""
    inner: "list[Box] | None" = None
    stated: int | None = field(default=None)
    """Size that the header states; None: the true one."""

    def pack(self) -> bytes:
        body = self.payload if self.inner is None else b"".join(b.pack() for b in self.inner)
        size = len(body) + 8 if self.stated is None else self.stated
        return struct.pack(">I", size & 0xFFFFFFFF) + self.kind + body


def parse(data: bytes) -> list[Box]:
    """Take a file, or what is in a box, apart."""
    boxes, at = [], 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        if size < head or at + size > len(data):
            size = len(data) - at
        body = data[at + head : at + size]
        if kind in NESTING:
            boxes.append(Box(kind, inner=parse(body)))
        else:
            boxes.append(Box(kind, body))
        at += size
    return boxes


def walk(boxes: list[Box]) -> Iterator[tuple[list[Box], Box]]:
    """Yield every box with the list that it is in."""
    for box in list(boxes):
        yield boxes, box
        if box.inner is not None:
            yield from walk(box.inner)


def pack(boxes: list[Box], shift: int = 0) -> bytes:
    """Put a file together; chunk offsets grow by `shift`."""
    if shift:
        for _, box in walk(boxes):
            if box.kind == b"stco" and len(box.payload) >= 8:
                count = min(struct.unpack_from(">I", box.payload, 4)[0], len(box.payload) // 4 - 2)
                old = struct.unpack_from(f">{count}I", box.payload, 8)
                new = [min(0xFFFFFFFF, max(0, offset + shift)) for offset in old]
                box.payload = box.payload[:8] + struct.pack(f">{count}I", *new)
    return b"".join(box.pack() for box in boxes)


def mutate(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Do one to three structured changes."""
    boxes = parse(data)
    early = _moves_data(boxes)
    before = len(pack(boxes))
    names = [rng.choice(list(CHANGES)) for _ in range(rng.choice((1, 1, 2, 3)))]
    done = [said for name in names if (said := CHANGES[name](boxes, rng))]
    grown = sum(len(box.pack()) for box in boxes) - before
    return pack(boxes, grown if early else 0), "; ".join(done) or "nothing"


def _moves_data(boxes: list[Box]) -> bool:
    kinds = [box.kind for box in boxes]
    return b"moov" in kinds and b"mdat" in kinds and kinds.index(b"moov") < kinds.index(b"mdat")


def _pick(boxes: list[Box], rng: Random, *kinds: bytes) -> tuple[list[Box], Box] | None:
    found = [(where, box) for where, box in walk(boxes) if not kinds or box.kind in kinds]
    return rng.choice(found) if found else None


def _put(box: Box, at: int, value: bytes) -> None:
    box.payload = box.payload[:at] + value + box.payload[at + len(value) :]


def _name(box: Box) -> str:
    return box.kind.decode("latin-1")


def wrong_size(boxes: list[Box], rng: Random) -> str:
    """State a wrong size."""
    _, box = _pick(boxes, rng) or (boxes, boxes[0])
    true = len(box.pack())
    box.stated = rng.choice((*SIZES, true - 1, true + 1, true // 2, true * 2))
    return f"{_name(box)} says that it has {box.stated} bytes"


def wrong_kind(boxes: list[Box], rng: Random) -> str:
    """Give a box another type."""
    _, box = _pick(boxes, rng) or (boxes, boxes[0])
    old, box.kind = (
        _name(box),
        rng.choice((b"free", b"moov", b"trak", b"stsd", b"\0\0\0\0", b"uuid")),
    )
    return f"{old} called {_name(box)}"


def doubled(boxes: list[Box], rng: Random) -> str:
    """Have a box twice, beside itself or in another box; a track in a track."""
    _, box = _pick(boxes, rng, *rng.choice(((b"trak",), (b"moov",), (b"stbl", b"mdia"), ()))) or (
        boxes,
        boxes[0],
    )
    hosts = [b for _, b in walk(boxes) if b.inner is not None]
    copies = rng.choice((1, 1, 2, 40))
    copied = parse(box.pack())
    host = rng.choice(hosts).inner if hosts else boxes
    assert host is not None
    host.extend(copied * copies)
    return f"{_name(box)} {copies} more times"


def dropped(boxes: list[Box], rng: Random) -> str:
    """Leave a box out."""
    where, box = _pick(boxes, rng) or (boxes, boxes[0])
    where.remove(box)
    return f"{_name(box)} dropped"


def shuffled(boxes: list[Box], rng: Random) -> str:
    """Change the order of boxes."""
    where, _ = _pick(boxes, rng) or (boxes, boxes[0])
    rng.shuffle(where)
    return "order shuffled"


def nested(boxes: list[Box], rng: Random) -> str:
    """Nest boxes deeply."""
    depth = rng.choice((10, 100, 3000))
    body = b""
    kind = rng.choice((b"moov", b"trak", b"udta", b"meta"))
    for _ in range(depth):
        body = struct.pack(">I", len(body) + 8) + kind + body
    host = rng.choice([boxes, *(b.inner for _, b in walk(boxes) if b.inner is not None)])
    host.append(Box(kind, body))
    return f"{depth} nested {kind.decode()}"


def wrong_clock(boxes: list[Box], rng: Random) -> str | None:
    """Change time scales and durations in the headers of movie, track and media."""
    found = _pick(
        boxes, rng, b"mvhd", b"mdhd", b"tkhd", b"elst", b"mehd", b"tfdt", b"trun", b"tfhd"
    )
    if found is None or len(found[1].payload) < 12:
        return None
    box = found[1]
    at = rng.randrange(4, min(len(box.payload), 40) - 3, 4)
    value = rng.choice((*NUMBERS, rng.randrange(2**32)))
    _put(box, at, struct.pack(">I", value))
    return f"{_name(box)}+{at} = {value}"


def wrong_table(boxes: list[Box], rng: Random) -> str | None:
    """Change an entry, or the number of entries, of a sample table."""
    kinds = (b"stts", b"ctts", b"stsz", b"stco", b"stsc", b"stss", b"elst")
    found = _pick(boxes, rng, rng.choice(kinds))
    if found is None or len(found[1].payload) < 12:
        return None
    box = found[1]
    words = len(box.payload) // 4
    at = 4 * (1 if rng.random() < 0.3 else rng.randrange(1, words))
    value = rng.choice((*NUMBERS, rng.randrange(2**32), rng.randrange(4096)))
    _put(box, at, struct.pack(">I", value))
    return f"{_name(box)}+{at} = {value}"


def jumping_times(boxes: list[Box], rng: Random) -> str | None:
    """Give every frame a duration of its own: zero, huge, to and fro."""
    found = _pick(boxes, rng, b"stts")
    if found is None:
        return None
    entries = [(1, rng.choice((0, 1, 512, 0x10000, 0x7FFFFFFF, 0xFFFFFF00))) for _ in range(20)]
    found[1].payload = struct.pack(">II", 0, len(entries))
    found[1].payload += b"".join(struct.pack(">II", *entry) for entry in entries)
    return f"stts of {entries[:3]} …"


def wrong_sample_entry(boxes: list[Box], rng: Random) -> str | None:
    """Change the codec, the picture's size, or rate and channels of the sound."""
    found = _pick(boxes, rng, b"stsd")
    if found is None or len(found[1].payload) < 44:
        return None
    box = found[1]
    change = rng.choice(("codec", "size", "sound", "setup"))
    if change == "codec":
        _put(box, 12, rng.choice(CODECS))
    elif change == "size":
        sides = (0, 1, 15, 65, 4096, 16384, 32767, 65535)
        _put(box, 40, struct.pack(">HH", rng.choice(sides), rng.choice(sides)))
    elif change == "sound":
        _put(
            box,
            32,
            struct.pack(">HH", rng.choice((0, 1, 3, 24, 255, 65535)), rng.choice((0, 8, 64))),
        )
        _put(box, 40, struct.pack(">I", rng.choice((0, 1, 11025 << 16, 0xFFFFFFFF, 7 << 16))))
    else:  # parameter sets and descriptors at its end
        for _ in range(rng.choice((1, 3, 10))):
            _put(box, rng.randrange(44, len(box.payload)), bytes([rng.randrange(256)]))
    return f"sample entry: {change}"


def wrong_matrix(boxes: list[Box], rng: Random) -> str | None:
    """Turn the picture by a matrix that is none."""
    found = _pick(boxes, rng, b"tkhd", b"mvhd")
    if found is None or len(found[1].payload) < 76:
        return None
    values = [rng.choice((0, 0x10000, 0xFFFF0000, 0x7FFFFFFF, 0x40000000)) for _ in range(9)]
    _put(found[1], 40, struct.pack(">9I", *values))
    return "matrix"


CHANGES: Mapping[str, Callable[[list[Box], Random], str | None]] = {
    "wrong_size": wrong_size,
    "wrong_kind": wrong_kind,
    "doubled": doubled,
    "dropped": dropped,
    "shuffled": shuffled,
    "nested": nested,
    "wrong_clock": wrong_clock,
    "wrong_table": wrong_table,
    "jumping_times": jumping_times,
    "wrong_sample_entry": wrong_sample_entry,
    "wrong_matrix": wrong_matrix,
}
