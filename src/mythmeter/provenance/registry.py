"""Which render a watermark's payload belongs to: looked up in the receipts of verified renders."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mythmeter.errors import ProvenanceError
from mythmeter.render.watermark import WORD_AGREEMENT, nearest

CLOSE = 0.02
"""Two known words that agree as far as this settle nothing."""


@dataclass(frozen=True)
class Entry:
    """A known render."""

    render: str
    record_id: str
    source: str
    """Where it is known from."""


def read_registry(path: Path) -> dict[str, Entry]:
    """Return the renders of a folder of receipts (or of one receipt) by payload.

    Raises:
        ProvenanceError: no receipt there, or a file that is none.
    """
    files = sorted(path.rglob("*.receipt.json")) if path.is_dir() else [path]
    if not files:
        raise ProvenanceError(
            f"{path}: has no *.receipt.json. Name the folder of finished renders: "
            "<results>/renders."
        )
    entries: dict[str, Entry] = {}
    for file in files:
        try:
            checks = json.loads(file.read_text(encoding="utf-8"))["checks"]
            payload = checks["video_watermark"]["measured"]["stated"]
            record_id = checks["consent_reference"]["measured"]["record_id"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProvenanceError(f"{file}: is not a receipt of a render ({error!r}).") from error
        render = file.name.removesuffix(".receipt.json")
        entries[payload] = Entry(render, record_id, str(file))
    return entries


def resolve(logits: Sequence[float], known: Mapping[str, Entry]) -> tuple[Entry, float] | None:
    """Return the nearest known render and how far its word agrees, or None.

    Two that are equally near settle nothing, so neither is returned.
    """
    ranked = nearest(logits, known)
    if not ranked or ranked[0][1] < WORD_AGREEMENT:
        return None
    if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < CLOSE:
        return None
    word, agrees = ranked[0]
    return known[word], agrees
