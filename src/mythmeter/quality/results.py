"""The files of a score: all metrics as JSON, values of each frame as Parquet."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.quality.metric import Metric
from mythmeter.quality.observe import Observed
from mythmeter.quality.whose_face import WhoseFace
from mythmeter.render.timeline import Timeline


def write_scores(
    path: Path, metrics: Mapping[str, Metric], transcript: str | None, every_frames: int
) -> None:
    """Write all metrics, and what the speech recogniser understood, as JSON."""
    document = {
        "metrics": {name: metric.as_json() for name, metric in metrics.items()},
        "transcript": transcript,
        "sampled_every_frames": every_frames,
    }
    with replacing(path) as partial:
        partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def write_frames(
    path: Path,
    timeline: Timeline,
    observed: Observed,
    level: NDArray[np.float64],
    seen: WhoseFace,
) -> None:
    """Write one row a frame; what was only sampled is null elsewhere."""
    distances = dict(zip(seen.frames, seen.rows, strict=True))
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
    table = pa.table(columns).replace_schema_metadata(
        {"rate": f"{timeline.rate.numerator}/{timeline.rate.denominator}"}
    )
    with replacing(path) as partial:
        pq.write_table(table, partial)


def _column(values: Iterable[float | None]) -> pa.Array:
    return pa.array(list(values), pa.float32(), from_pandas=True)
