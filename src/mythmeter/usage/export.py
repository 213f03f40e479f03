"""A finished run's records as a set to give away."""

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mythmeter import __version__
from mythmeter.errors import UsageError
from mythmeter.usage.lines import read_lines
from mythmeter.usage.record_sets import RUN

NOT_NAMES = ("scatteritem", "swapper", "preset")
"""Wildcards that name nobody and nothing of the user's."""


def export_records(
    results: Path, out: Path, *, label: str | None = None, anonymous: bool = False
) -> int:
    """Write the records of a finished run as a record set; return how many jobs it has.

    The name of the machine is replaced by the label. Only jobs of the run's own table are taken:
    records that an earlier sheet left behind are not.

    Args:
        results: `paths.results` of the run.
        out: folder of the set, which must not hold anything yet.
        label: what to call the machine; None: the name of `out`.
        anonymous: number renders, people, clips and devices instead of naming them.

    Raises:
        UsageError: the run has not finished, a record is damaged, or `out` is not empty.
    """
    out = out.absolute()
    label = label or out.name
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is not an empty folder; name one that is not there yet.")
    scope = _scope(results / "profile" / "scope.json")
    jobs = _jobs(results / "profile" / "usage.parquet")
    numbers = _Numbers() if anonymous else None
    records: dict[Path, list[dict[str, Any]]] = {}
    for path in sorted((results / "usage").rglob("*.jsonl")):
        lines = read_lines(path)
        if _key(lines[-1]["rule"], lines[-1]["wildcards"]) not in jobs:
            continue
        rule = lines[-1]["rule"]
        name = path.relative_to(results) if numbers is None else numbers.file(rule)
        records[name] = [_without_names(line, label, numbers) for line in lines]
    if not records:
        raise UsageError(f"{results / 'usage'}: there is no record of this run. Run it again.")
    run = {
        "label": label,
        "output_s": scope["output_s"],
        "renders": scope["renders"],
        "mythmeter_version": __version__,
        "recorded": max(_end(lines[-1]) for lines in records.values()).isoformat(),
    }
    _write(out, run, records)
    return len(records)


def _scope(path: Path) -> dict[str, Any]:
    try:
        scope: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {"output_s": float(scope["output_s"]), "renders": int(scope["renders"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: cannot be read ({error}). Only a finished run can be exported: name its "
            "`paths.results`, and run it to its end first."
        ) from error


def _jobs(path: Path) -> set[str]:
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=["rule", "wildcards"])
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read ({error}). Run it again.") from error
    rows = table.to_pylist()
    return {_key(row["rule"], json.loads(row["wildcards"])) for row in rows}


def _key(rule: str, wildcards: dict[str, str]) -> str:
    return json.dumps([rule, wildcards], sort_keys=True)


def _end(last: dict[str, Any]) -> datetime:
    began = datetime.fromisoformat(last["started_at"]).astimezone(UTC)
    return began + timedelta(seconds=float(last.get("job_wall_s") or 0.0))


class _Numbers:
    """Numbers instead of names: the same for the same name, whatever wildcard it stands in."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._files: dict[str, int] = {}

    def of(self, kind: str, name: str) -> str:
        number = self._numbers.setdefault(
            (kind, name), 1 + sum(known == kind for known, _ in self._numbers)
        )
        return f"{kind}-{number}"

    def without_devices(self, text: str) -> str:
        """Replace the ids of devices that have been numbered, in a message of the driver."""
        for (kind, name), number in self._numbers.items():
            if kind == "gpu":
                text = text.replace(name, f"gpu-{number}")
        return text

    def file(self, rule: str) -> Path:
        self._files[rule] = self._files.get(rule, 0) + 1
        return Path("usage", rule, f"{self._files[rule]}.jsonl")


def _without_names(line: dict[str, Any], label: str, numbers: _Numbers | None) -> dict[str, Any]:
    line = line | {"machine": line["machine"] | {"host": label}}
    if numbers is None:
        return line
    line["wildcards"] = {
        kind: name if kind in NOT_NAMES else numbers.of(kind, name)
        for kind, name in line["wildcards"].items()
    }
    if line.get("gpu_uuid") is not None:
        line["gpu_uuid"] = ", ".join(numbers.of("gpu", u) for u in line["gpu_uuid"].split(", "))
    # A scheduler may have named devices by their UUIDs.
    line["device_indices"] = [
        index if index.isdigit() else numbers.of("gpu", index)
        for index in line.get("device_indices", [])
    ]
    if "null_reasons" in line:
        line["null_reasons"] = {
            field: numbers.without_devices(reason) for field, reason in line["null_reasons"].items()
        }
    return line


def _write(out: Path, run: dict[str, Any], records: dict[Path, list[dict[str, Any]]]) -> None:
    """Write a set that is either whole or not there."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        for name, lines in records.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
            (partial / name).write_text(text, encoding="utf-8")
        (partial / RUN).write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
