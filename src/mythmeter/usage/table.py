"""All usage records of a run as one tidy table."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.atomic import replacing
from mythmeter.errors import MythmeterError
from mythmeter.usage.record import RECORD_VERSION

COLUMNS = (
    "rule",
    "job",
    "phase",
    "backend",
    "started_at",
    "start_s",
    "wall_s",
    "cpu_s",
    "job_wall_s",
    "peak_rss_bytes",
    "threads",
    "gpu_granted",
    "device",
    "gpu_busy_s",
    "gpu_allocated_s",
    "vram_allocated_peak_bytes",
    "vram_reserved_peak_bytes",
    "vram_process_peak_bytes",
    "energy_j",
    "energy_method",
    "gpu_null_reason",
    "work",
    "wildcards",
    "processor",
    "logical_cores",
    "record_version",
)


def read_record(path: Path) -> list[dict[str, Any]]:
    """Read one job's record, a row per phase.

    Raises:
        MythmeterError: the file is damaged, or from a version that this one cannot read.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise MythmeterError(
            f"{path}: not a usage record ({error}). Delete it and run again."
        ) from error
    for line in lines:
        if line.get("record_version") != RECORD_VERSION:
            raise MythmeterError(
                f"{path}: usage record of version {line.get('record_version')}; this Mythmeter "
                f"reads version {RECORD_VERSION}. Delete it and run again."
            )
    job_wall_s = next((line["job_wall_s"] for line in lines if "job_wall_s" in line), None)
    return [_row(line, job_wall_s) for line in lines]


def _row(line: dict[str, Any], job_wall_s: float | None) -> dict[str, Any]:
    row = {name: line.get(name) for name in COLUMNS}
    row["job"] = " ".join([line["rule"], *line["wildcards"].values()])
    row["job_wall_s"] = job_wall_s
    row["work"] = json.dumps(line["work"], sort_keys=True)
    row["wildcards"] = json.dumps(line["wildcards"], sort_keys=True)
    row["processor"] = line["machine"]["processor"]
    row["logical_cores"] = line["machine"]["logical_cores"]
    return row


def gather(paths: Iterable[Path], output: Path) -> pd.DataFrame:
    """Write the records of all jobs as one Parquet table, a row per job and phase."""
    rows = [row for path in sorted(paths) for row in read_record(path)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["started_at"] = pd.to_datetime(table["started_at"], format="ISO8601")
    with replacing(output) as partial:
        table.to_parquet(partial, index=False)
    return table
