"""The fields of a record: docs/usage.md says of each what it is and how it is measured."""

import math
from collections.abc import Mapping
from typing import Any

RECORD_VERSION = 2

SAID_BY_STAGES = ("backend", "precision", "batch", "model_sha256")
FLOPS_FIELDS = ("flops", "flops_uncounted", "flops_method")
TORCH_FIELDS = ("vram_allocated_peak_bytes", "vram_reserved_peak_bytes")

FIELDS = (
    "record_version",
    "mythmeter_version",
    "rule",
    "wildcards",
    *SAID_BY_STAGES,
    "phase",
    "started_at",
    "start_s",
    "wall_s",
    "cpu_s",
    "host_s",
    "peak_rss_bytes",
    "read_bytes",
    "written_bytes",
    "work",
    "threads",
    "gpu_granted",
    "device",
    "device_indices",
    "device_chosen_by",
    "gpu_name",
    "gpu_uuid",
    "gpu_driver",
    "gpu_power_cap_w",
    "gpu_allocated_s",
    "gpu_busy_s",
    "gpu_util_mean",
    "gpu_util_p95",
    *TORCH_FIELDS,
    "vram_process_peak_bytes",
    "energy_j",
    "energy_method",
    "other_processes",
    "other_processes_note",
    *FLOPS_FIELDS,
    "machine",
    "null_reasons",
)
"""Of every line. The line `other` has `job_wall_s`, `job_energy_j` and `process_started_at` too."""

USUAL_REASONS = {
    **dict.fromkeys(SAID_BY_STAGES, "this stage does not say"),
    **dict.fromkeys(FLOPS_FIELDS, "not counted: see profile.flops"),
    **dict.fromkeys(("read_bytes", "written_bytes"), "the system does not count them"),
}


def with_reasons(line: Mapping[str, Any], reasons: Mapping[str, str]) -> dict[str, Any]:
    """Return a line in the order of the fields, with a reason for each that is null.

    A unit of work that is not a finite number becomes null, and says so.

    Raises:
        KeyError: a null without a reason.
    """
    said = dict(reasons)
    work: dict[str, float | None] = dict(line["work"])
    for unit, amount in work.items():
        if amount is None or not math.isfinite(amount):
            work[unit] = None
            said[f"work.{unit}"] = f"the stage counted {amount}"
    whole = {name: line.get(name) for name in FIELDS} | {
        name: value for name, value in line.items() if name not in FIELDS
    }
    nulls = [name for name, value in whole.items() if value is None and name != "null_reasons"]
    whole["work"] = work
    whole["null_reasons"] = {n: said[n] if n in said else USUAL_REASONS[n] for n in nulls} | {
        name: reason for name, reason in said.items() if name.startswith("work.")
    }
    return whole
