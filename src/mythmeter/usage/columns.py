"""The columns of the table of records, and how a line of a record becomes a row."""

import json
from collections.abc import Mapping
from typing import Any

from mythmeter.usage.fields import FIELDS, RECORD_VERSION

HERE = "here"
"""Label of this machine's own run."""

WHOLE_NUMBERS = (
    "batch",
    "read_bytes",
    "written_bytes",
    "vram_allocated_peak_bytes",
    "vram_reserved_peak_bytes",
    "vram_process_peak_bytes",
    "other_processes",
    "flops",
)
NUMBERS = (
    "host_s",
    "gpu_power_cap_w",
    "gpu_busy_s",
    "gpu_allocated_s",
    "gpu_util_mean",
    "gpu_util_p95",
    "energy_j",
    "job_energy_j",
)
"""Columns that may be null and are numbers even where every row is."""

OF_JOB = ("job_wall_s", "job_energy_j", "process_started_at")
"""What stands in the line `other` and in every row of a job."""
AS_JSON = ("work", "wildcards", "device_indices", "flops_uncounted", "null_reasons")
OF_MACHINE = ("host", "processor", "logical_cores", "memory_bytes", "system")
COLUMNS = (
    "machine",
    "job",
    *(name for name in FIELDS if name != "machine"),
    *OF_JOB,
    *OF_MACHINE,
)
"""The fields of a record, whose machine becomes a label and columns of its own."""

NOT_IN_VERSION_1 = "record of version 1 did not measure it"


def row_of(line: Mapping[str, Any], of_job: Mapping[str, Any], machine: str) -> dict[str, Any]:
    """Return a line of a record, of any version that is read, as a row of the table."""
    line = {**line, **of_job}
    if line["record_version"] != RECORD_VERSION:
        line["null_reasons"] = _reasons_of_version_1(line)
    row = {name: line.get(name) for name in COLUMNS}
    row |= {name: line["machine"].get(name) for name in OF_MACHINE}
    row["machine"] = machine
    row["job"] = " ".join([line["rule"], *line["wildcards"].values()])
    row |= {
        name: None if line.get(name) is None else json.dumps(line[name], sort_keys=True)
        for name in AS_JSON
    }
    return row


def _reasons_of_version_1(line: Mapping[str, Any]) -> dict[str, str]:
    """Version 1 had one reason for all that is null about a GPU."""
    made_here = {"machine", "host", "job", "null_reasons", *AS_JSON, *OF_MACHINE}
    reasons = {}
    for name in COLUMNS:
        if name not in line and name not in made_here:
            reasons[name] = NOT_IN_VERSION_1
        elif name in line and line[name] is None:
            reasons[name] = line.get("gpu_null_reason") or "this stage does not say"
    reasons["flops_uncounted"] = NOT_IN_VERSION_1
    if line.get("backend") is None:
        reasons["backend"] = "this stage does not say"
    return reasons
