"""A run as its records: a folder of results, or a record set from another machine.

Records of version 1 and 2 are read alike: what the older one did not measure is null, and says so.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.answers.outputs import read_json
from mythmeter.answers.stages import stage_of
from mythmeter.errors import UsageError
from mythmeter.usage.lines import read_lines

OLD = "the records are of version 1, which did not measure it"

_PLAIN = (
    *("rule", "phase", "wall_s", "gpu_granted", "device", "backend", "model_sha256", "precision"),
    *("batch", "mythmeter_version", "record_version", "gpu_name", "gpu_allocated_s", "gpu_busy_s"),
    *("host_s", "vram_process_peak_bytes", "vram_reserved_peak_bytes"),
    *("vram_allocated_peak_bytes", "other_processes", "cpu_s", "peak_rss_bytes", "energy_j"),
)


@dataclass(frozen=True)
class RunRecords:
    """One run, on one machine."""

    label: str
    folder: Path
    output_s: float
    """Seconds of finished video."""
    renders: int
    phases: pd.DataFrame
    """A row per job and phase, with `stage`, `job`, `audio_s`, `devices` and `reasons` (a dict of
    why a field is null) beside the fields of the record."""
    scripts: Mapping[str, str] | None
    """Digest of what was said, by render; None where it is not known."""

    def reason(self, field: str, rows: pd.DataFrame) -> str:
        """Return why a field is null in some of these rows: the longest of them speaks."""
        empty = rows[rows[field].isna()].sort_values("wall_s", ascending=False)
        if empty.empty:
            return "nothing was recorded"
        row = empty.iloc[0]
        fallback = OLD if row["record_version"] == 1 else "the record does not say why"
        return str(row["reasons"].get(field) or fallback)


def read_run(folder: Path) -> RunRecords:
    """Read a results folder, or a record set.

    A results folder has `usage/**/*.jsonl` and `profile/scope.json`; a record set has
    `usage/**/*.jsonl` and `run.json` with `label`, `output_s`, `renders` (a count or their names)
    and, where known, `scripts` (a digest by render).

    Raises:
        UsageError: neither of the two, or a record that is damaged or of an unknown version.
    """
    paths = sorted(folder.glob("usage/**/*.jsonl"))
    if not paths:
        raise UsageError(
            f"{folder}: no usage records in it (usage/**/*.jsonl). Give the results folder of a "
            "run, or a record set."
        )
    facts, scripts = _facts(folder)
    jobs = _jobs(folder)
    rows = [_row(line, path) for path in paths for line in read_lines(path) if _of_run(line, jobs)]
    if not rows:
        raise UsageError(f"{folder}: none of its usage records is of the run that it reports.")
    phases = pd.DataFrame(rows)
    phases = phases.reindex(columns=[*phases.columns, *(c for c in _PLAIN if c not in phases)])
    return RunRecords(
        label=str(facts.get("label") or folder),
        folder=folder,
        output_s=_output_s(facts, folder),
        renders=_count(facts.get("renders"), folder),
        phases=phases,
        scripts=scripts,
    )


def _facts(folder: Path) -> tuple[dict[str, Any], Mapping[str, str] | None]:
    """Return what the run says of itself, and digests of its scripts."""
    exported, scope = folder / "run.json", folder / "profile" / "scope.json"
    path = exported if exported.is_file() else scope
    if not path.is_file():
        raise UsageError(
            f"{folder}: neither profile/scope.json (a results folder, once its run has ended) nor "
            "run.json (a record set) is there, so nothing says how much was made."
        )
    try:
        facts = read_json(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not JSON ({error}).") from error
    if path == exported:
        scripts = facts.get("scripts")
        return facts, scripts if isinstance(scripts, dict) and scripts else None
    spoken = sorted(folder.glob("voice/*/words.json"))
    return facts, {words.parent.name: _digest(words) for words in spoken} or None


def _jobs(folder: Path) -> set[str] | None:
    """Return the jobs of a results folder's run: an earlier sheet may have left other records."""
    import pyarrow.parquet as pq

    path = folder / "profile" / "usage.parquet"
    if not path.is_file():
        return None
    try:
        rows = pq.read_table(path, columns=["rule", "wildcards"]).to_pylist()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read ({error}).") from error
    return {_key(row["rule"], json.loads(row["wildcards"])) for row in rows}


def _of_run(line: Mapping[str, Any], jobs: set[str] | None) -> bool:
    return jobs is None or _key(line["rule"], line.get("wildcards") or {}) in jobs


def _key(rule: str, wildcards: Mapping[str, str]) -> str:
    return json.dumps([rule, wildcards], sort_keys=True)


def _digest(words: Path) -> str:
    """Digest of the sentences that were spoken."""
    said = " ".join(str(sentence["text"]) for sentence in read_json(words)["sentences"])
    return hashlib.sha256(said.encode()).hexdigest()


def _output_s(facts: Mapping[str, Any], folder: Path) -> float:
    value = facts.get("output_s")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise UsageError(f"{folder}: output_s is {value!r}; it must be seconds of output above 0.")
    return float(value)


def _count(renders: Any, folder: Path) -> int:
    if isinstance(renders, list | dict):
        return len(renders)
    if isinstance(renders, int) and not isinstance(renders, bool):
        return renders
    raise UsageError(f"{folder}: renders is {renders!r}; it must be a count, or their names.")


def _row(line: Mapping[str, Any], path: Path) -> dict[str, Any]:
    row = {name: line.get(name) for name in _PLAIN}
    row |= {n: ", ".join(map(str, value)) for n, value in row.items() if isinstance(value, list)}
    row["stage"] = stage_of(line["rule"])
    row["job"] = " ".join([line["rule"], *map(str, (line.get("wildcards") or {}).values())])
    row["audio_s"] = (line.get("work") or {}).get("audio_s")
    row["devices"] = max(1, len(line.get("device_indices") or ()))
    reasons = dict(line.get("null_reasons") or {})
    if line.get("gpu_null_reason"):  # version 1 gives one reason for every field of the GPU
        gpu_fields = (name for name in _PLAIN if name.startswith(("gpu_", "vram_", "energy")))
        reasons = dict.fromkeys(gpu_fields, line["gpu_null_reason"]) | reasons
    row["reasons"] = reasons
    row["path"] = str(path)
    return row
