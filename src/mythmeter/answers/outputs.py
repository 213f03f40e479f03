"""What came out of a run, read from the verdicts and receipts it left."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RenderResult:
    """One finished render and what was found in it."""

    name: str
    video: Path
    captions: Path
    poster: Path
    marks: dict[str, Any]
    """The receipt of `verify_render`."""
    consent: dict[str, Any]
    """The receipt of `check_consent` for the person."""
    quality: dict[str, Any]
    """The scores of `score_render`."""
    takes: dict[str, Any]
    """What `speak_script` found in every take."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def output_seconds(timelines: Iterable[Path]) -> float:
    """Sum the seconds of output that the timelines of the renders plan, from their metadata."""
    from fractions import Fraction

    import pyarrow.parquet as pq

    total = Fraction(0)
    for timeline in timelines:
        metadata = pq.read_schema(timeline).metadata or {}
        total += int(metadata[b"frames"]) / Fraction(metadata[b"rate"].decode())
    return float(total)
