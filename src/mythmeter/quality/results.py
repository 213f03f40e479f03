"""The files of a score: all metrics as JSON, values of each frame as Parquet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.faces.identity import SAME_PERSON
from mythmeter.quality.metric import Metric
from mythmeter.quality.observe import Observed
from mythmeter.quality.offset import REACH, OffsetCurve
from mythmeter.quality.whose_face import WhoseFace
from mythmeter.render.timeline import Timeline

WARP_COLUMNS = (
    ("warp_error", "warp", "face"),
    ("warp_error_mouth", "warp", "mouth"),
    ("warp_error_untouched", "warp_untouched", "face"),
    ("warp_error_mouth_untouched", "warp_untouched", "mouth"),
)
"""Column, which of a sample's two errors, which part of it."""


def write_scores(
    path: Path,
    metrics: Mapping[str, Metric],
    *,
    curves: Mapping[str, OffsetCurve | None],
    joins: Sequence[Mapping[str, Any]],
    transcript: str | None,
    every_frames: int,
) -> None:
    """Write all metrics as JSON, and what cannot be said in one number.

    Args:
        curves: correlation of mouth and sound by offset; of the render and of its controls.
        joins: a row a join of chunks.
        transcript: what the speech recogniser understood.
        every_frames: how often frames were sampled.
    """
    document = {
        "metrics": {name: metric.as_json() for name, metric in metrics.items()},
        "lip_audio_by_offset": offset_rows(curves),
        "joins": joins,
        "same_person_under": SAME_PERSON,
        "transcript": transcript,
        "sampled_every_frames": every_frames,
    }
    with replacing(path) as partial:
        partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def offset_rows(curves: Mapping[str, OffsetCurve | None]) -> list[dict[str, Any]]:
    """Return a row an offset: its correlation in each of the curves, null where there is none."""
    known = {name: curve for name, curve in curves.items() if curve is not None}
    if "render" not in known:
        return []
    return [
        {"offset_frames": offset}
        | {name: _rounded(known[name].at(offset) if name in known else None) for name in curves}
        for offset in range(-REACH, REACH + 1)
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def write_frames(
    path: Path,
    timeline: Timeline,
    observed: Observed,
    level: NDArray[np.float64],
    seen: WhoseFace,
) -> None:
    """Write one row a frame; what was only sampled is null elsewhere."""
    distances = dict(zip(seen.frames, seen.rows, strict=True))
    samples = {sample.frame: sample for sample in observed.samples}
    outside = {sample.frame: sample.outside for sample in observed.samples}
    numbers = range(timeline.frames)
    columns: dict[str, Any] = {
        "frame": pa.array(numbers, pa.int32()),
        "target_frame": timeline.target_frame,
        "mouth_open": pa.array(observed.mouth, pa.float32(), from_pandas=True),
        "speech_level_db": pa.array(level, pa.float32()),
        "change_outside_face": _column(outside.get(n, (None, None))[0] for n in numbers),
    }
    for name in ("person", "performer", "untouched_person", "untouched_performer"):
        values = (getattr(distances.get(n), name, None) for n in numbers)
        columns[f"distance_{name}"] = _column(values)
    for name, kind, part in WARP_COLUMNS:
        columns[name] = _column(
            getattr(getattr(samples[n], kind), part) if n in samples else None for n in numbers
        )
    table = pa.table(columns).replace_schema_metadata(
        {"rate": f"{timeline.rate.numerator}/{timeline.rate.denominator}"}
    )
    with replacing(path) as partial:
        pq.write_table(table, partial)


def _column(values: Iterable[float | None]) -> pa.Array:
    return pa.array(list(values), pa.float32(), from_pandas=True)
