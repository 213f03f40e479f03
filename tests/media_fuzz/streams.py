"""Mutations of MPEG program and transport streams that know where their headers are.

Sources: ISO/IEC 13818-1 (systems), 13818-2 (sequence header).
"""

from collections.abc import Callable, Mapping
from random import Random

TS_PACKET = 188
START = b"\0\0\1"


def mutate(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Do one to three structured changes."""
    out = bytearray(data)
    names = [rng.choice(list(CHANGES)) for _ in range(rng.choice((1, 1, 2, 3)))]
    done = [said for name in names if (said := CHANGES[name](out, rng))]
    return bytes(out), "; ".join(done) or "nothing"


def starts(data: bytes | bytearray, codes: range | tuple[int, ...]) -> list[int]:
    """Return where start codes of these numbers begin."""
    found, at = [], data.find(START)
    while at >= 0 and at + 4 <= len(data):
        if data[at + 3] in codes:
            found.append(at)
        at = data.find(START, at + 3)
    return found


def wrong_times(data: bytearray, rng: Random) -> str | None:
    """Write other presentation times into the headers of packets: 33 bits at 90 kHz."""
    packets = [at for at in starts(data, range(0xC0, 0xF0)) if at + 14 < len(data)]
    stamped = [where for at in packets if (where := _stamp(data, at))]
    if not stamped:
        return None
    way = rng.choice(("noise", "same", "huge", "one"))
    for at in stamped if way != "one" else [rng.choice(stamped)]:
        pts = {"noise": rng.randrange(2**33), "same": 90000, "huge": 2**33 - 1}.get(way, 2**32)
        data[at] = data[at] & 0xF0 | (pts >> 29) & 0x0E | 1
        data[at + 1] = pts >> 22 & 255
        data[at + 2] = (pts >> 14) & 0xFE | 1
        data[at + 3] = pts >> 7 & 255
        data[at + 4] = (pts << 1) & 0xFE | 1
    return f"times of packets: {way}"


def _stamp(data: bytearray, at: int) -> int | None:
    """Return where the time stamp of a packet is, after MPEG-2 or MPEG-1; None: it has none."""
    if data[at + 6] & 0xC0 == 0x80:
        return at + 9 if data[at + 7] & 0x80 else None
    at += 6
    while at + 8 < len(data) and data[at] == 0xFF:  # stuffing
        at += 1
    if at + 8 < len(data) and data[at] & 0xC0 == 0x40:  # size of the buffer
        at += 2
    return at if at + 5 < len(data) and data[at] >> 4 in (2, 3) else None


def wrong_clock(data: bytearray, rng: Random) -> str | None:
    """Write noise into the clock of a pack header."""
    packs = starts(data, (0xBA,))
    if not packs:
        return None
    at = rng.choice(packs)
    stop = min(len(data), at + 12)
    data[at + 4 : stop] = rng.randbytes(stop - at - 4)
    return "clock of a pack"


def wrong_picture(data: bytearray, rng: Random) -> str | None:
    """Change size, aspect and rate in the sequence header."""
    headers = [at for at in starts(data, (0xB3,)) if at + 8 < len(data)]
    if not headers:
        return None
    width, height = (rng.choice((0, 1, 16, 80, 720, 4095)) for _ in range(2))
    codes = rng.randrange(256)
    for at in headers:
        data[at + 4 : at + 8] = (width << 20 | height << 8 | codes).to_bytes(4, "big")
    return f"sequence header: {width}×{height}, codes {codes:#x}"


def wrong_length(data: bytearray, rng: Random) -> str | None:
    """State wrong lengths of packets."""
    packets = [at for at in starts(data, range(0xBB, 0xF0)) if at + 6 < len(data)]
    if not packets:
        return None
    for at in rng.sample(packets, min(len(packets), rng.choice((1, 3, 20)))):
        data[at + 4 : at + 6] = rng.choice((b"\0\0", b"\xff\xff", rng.randbytes(2)))
    return "lengths of packets"


def wrong_stream(data: bytearray, rng: Random) -> str | None:
    """Give packets to other streams: private, padding, more tracks."""
    packets = starts(data, range(0xBB, 0xF0))
    if not packets:
        return None
    for at in rng.sample(packets, min(len(packets), rng.choice((1, 5, 50)))):
        data[at + 3] = rng.choice((0xBD, 0xBE, 0xC5, 0xE7, 0xFF, 0xBC))
    return "ids of streams"


def wrong_tables(data: bytearray, rng: Random) -> str | None:
    """Damage packets of a transport stream: programme tables, counters, identifiers."""
    if data[:1] != b"\x47" or len(data) < 4 * TS_PACKET:
        return None
    packets = len(data) // TS_PACKET
    for _ in range(rng.choice((1, 5, 50))):
        at = TS_PACKET * rng.randrange(min(packets, rng.choice((3, packets))))
        data[at + rng.randrange(1, 40)] = rng.randrange(256)
    return "packets of the transport stream"


CHANGES: Mapping[str, Callable[[bytearray, Random], str | None]] = {
    "wrong_times": wrong_times,
    "wrong_clock": wrong_clock,
    "wrong_picture": wrong_picture,
    "wrong_length": wrong_length,
    "wrong_stream": wrong_stream,
    "wrong_tables": wrong_tables,
}
