"""What jobs of each rule took, as coefficients that the next run asks the machine for.

A demand is base + per_unit * units, fitted by least squares with neither below zero (Lawson and
Hanson, 1974: scipy's nnls) over the usage records of finished runs; its error is the standard
deviation of what the line leaves over. Where all jobs were of one size there is no line: per_unit
is null and the base is the largest demand seen.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mythmeter import __version__
from mythmeter.atomic import replacing
from mythmeter.errors import UsageError
from mythmeter.usage.table import read_record

UNITS = ("frames", "audio_s", "samples")
"""Work units that are known before a job runs, the first that a rule counts."""
ENOUGH = 3
"""Jobs below which no line is drawn: two points always lie on one."""
PRESET = "preset"


@dataclass(frozen=True)
class Measured:
    """One finished job."""

    rule: str
    """With its preset, where it has one: `train_pair/quick`."""
    unit: str | None
    units: float | None
    runtime_s: float
    mem_mb: float
    vram_mb: float | None
    """None on the CPU."""
    machine: str


def calibrate(folders: Sequence[Path], output: Path) -> dict[str, Any]:
    """Fit the demands of every rule from finished runs and write them as JSON.

    Args:
        folders: `paths.results` of the runs; their own `usage` folders are read.
        output: what `demand.file` of the configuration is set to.

    Returns:
        What was written.

    Raises:
        UsageError: there is no record, one is damaged, or they come from several machines.
    """
    jobs = [job for folder in folders for job in measured_jobs(folder)]
    if not jobs:
        named = ", ".join(str(folder / "usage") for folder in folders)
        raise UsageError(f"{named}: no usage record. Name the results folder of a finished run.")
    machines = sorted({job.machine for job in jobs})
    if len(machines) > 1:
        raise UsageError(
            f"These records come from {len(machines)} machines ({'; '.join(machines)}): what a job "
            "takes on one says nothing of another. Calibrate each from its own."
        )
    by_rule: dict[str, list[Measured]] = defaultdict(list)
    for job in jobs:
        by_rule[job.rule].append(job)
    found = {
        "machine": machines[0],
        "n": len(jobs),
        "mythmeter_version": __version__,
        "rules": {rule: _demands(by_rule[rule]) for rule in sorted(by_rule)},
    }
    with replacing(output) as partial:
        partial.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def measured_jobs(results: Path) -> Iterable[Measured]:
    """Read the jobs of a run from their usage records."""
    for path in sorted((results / "usage").rglob("*.jsonl")):
        rows = read_record(path)
        if not rows or rows[0]["job_wall_s"] is None:
            raise UsageError(f"{path}: this record ends before its job did. Delete it, run again.")
        yield _measured(rows)


def _measured(rows: Sequence[dict[str, Any]]) -> Measured:
    first = rows[0]
    work: dict[str, float] = {}
    for row in rows:
        if row["phase"] == "steady":
            work |= json.loads(row["work"] or "{}")
    unit = next((name for name in UNITS if name in work), None)
    names = ("vram_process_peak_bytes", "vram_reserved_peak_bytes")
    vram = [int(row[name]) for name in names for row in rows if row.get(name)]
    preset = json.loads(first["wildcards"]).get(PRESET)
    return Measured(
        rule=f"{first['rule']}/{preset}" if preset else first["rule"],
        unit=unit,
        units=None if unit is None else float(work[unit]),
        runtime_s=float(first["job_wall_s"]),
        mem_mb=max(row["peak_rss_bytes"] or 0 for row in rows) / 1e6,
        vram_mb=max(vram) / 1e6 if vram else None,
        machine=f"{first['processor']}, {first['logical_cores']} cores",
    )


def _demands(jobs: Sequence[Measured]) -> dict[str, Any]:
    unit = jobs[0].unit
    sized = [job for job in jobs if job.units is not None and job.unit == unit]
    return {
        "unit": unit,
        "largest_units": max((job.units or 0 for job in sized), default=None),
        **{
            name: _fit([(job.units, getattr(job, name)) for job in jobs])
            for name in ("runtime_s", "mem_mb", "vram_mb")
        },
    }


def _fit(points: Sequence[tuple[float | None, float | None]]) -> dict[str, Any] | None:
    """Return base, per_unit, error and n of a line; None: never measured."""
    known = [(units, value) for units, value in points if value is not None]
    if not known:
        return None
    values = np.array([value for _, value in known])
    sizes = [units for units, _ in known if units is not None]
    if len(known) < ENOUGH or len(sizes) < len(known) or len(set(sizes)) < 2:
        return {
            "base": round(float(values.max()), 3),
            "per_unit": None,
            "error": round(float(values.std(ddof=1)), 3) if len(known) > 1 else None,
            "n": len(known),
        }
    from scipy.optimize import nnls

    design = np.column_stack([np.ones(len(sizes)), sizes])
    coefficients, left_over = nnls(design, values)
    return {
        "base": round(float(coefficients[0]), 3),
        "per_unit": round(float(coefficients[1]), 6),
        "error": round(float(left_over) / math.sqrt(len(known) - 2), 3),
        "n": len(known),
    }
