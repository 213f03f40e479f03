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
    "process_started_at",
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
    of_job = {
        name: next((line[name] for line in lines if name in line), None)
        for name in ("job_wall_s", "process_started_at")
    }
    return [_row(line, of_job) for line in lines]


def _row(line: dict[str, Any], of_job: dict[str, Any]) -> dict[str, Any]:
    row = {name: line.get(name) for name in COLUMNS} | of_job
    row["job"] = " ".join([line["rule"], *line["wildcards"].values()])
    row["work"] = json.dumps(line["work"], sort_keys=True)
    row["wildcards"] = json.dumps(line["wildcards"], sort_keys=True)
    row["processor"] = line["machine"]["processor"]
    row["logical_cores"] = line["machine"]["logical_cores"]
    return row


def read_records(paths: Iterable[Path]) -> pd.DataFrame:
    """Read the records of jobs as one table, a row per job and phase."""
    rows = [row for path in sorted(paths) for row in read_record(path)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("started_at", "process_started_at"):
        table[name] = pd.to_datetime(table[name], format="ISO8601")
    return table


def gather(paths: Iterable[Path], output: Path) -> pd.DataFrame:
    """Write the records of all jobs as one Parquet table, a row per job and phase."""
    table = read_records(paths)
    with replacing(output) as partial:
        table.to_parquet(partial, index=False)
    return table
