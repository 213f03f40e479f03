"""All usage records of a run as one tidy table."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.atomic import replacing
from mythmeter.errors import UsageError
from mythmeter.usage.columns import COLUMNS, HERE, NUMBERS, OF_JOB, WHOLE_NUMBERS, row_of
from mythmeter.usage.fields import RECORD_VERSION

__all__ = ["COLUMNS", "gather", "read_lines", "read_record", "table_of", "write_table"]

MEND = "Delete it and run again, or take it out of its record set."


def read_record(path: Path, machine: str = HERE) -> list[dict[str, Any]]:
    """Read one job's record, a row per phase.

    Args:
        path: a record of version 1 or 2.
        machine: label of the machine that it is from.

    Raises:
        UsageError: the file is damaged, or from a version that this one cannot read.
    """
    lines = read_lines(path)
    of_job = {name: lines[-1].get(name) for name in OF_JOB if name in lines[-1]}
    return [row_of(line, of_job, machine) for line in lines]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a record as they are, checked.

    Raises:
        UsageError: which file, which line, and what is wrong with it.
    """
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a usage record ({error}). {MEND}") from error
    lines = [
        _line(text, path, number, last=number == len(texts))
        for number, text in enumerate(texts, start=1)
    ]
    if not lines or lines[-1].get("phase") != "other":
        raise UsageError(
            f"{path}: the record ends before the line of phase `other`; the job was killed, or the "
            f"file was copied in part. {MEND}"
        )
    return lines


def _line(text: str, path: Path, number: int, *, last: bool) -> dict[str, Any]:
    where = f"{path}, line {number}"
    try:
        line = json.loads(text, parse_constant=_refuse)
    except _NotFinite as error:
        raise UsageError(
            f"{where}: {error} is no measurement; what could not be measured is null. {MEND}"
        ) from error
    except ValueError as error:
        torn = (
            "; the last line is torn: was the job killed, or the file copied in part?"
            if last and text.startswith("{")
            else ""
        )
        raise UsageError(f"{where}: not a usage record ({error}){torn}. {MEND}") from error
    if not isinstance(line, dict) or "record_version" not in line:
        raise UsageError(f"{where}: not a usage record (it has no record_version). {MEND}")
    version = line["record_version"]
    if version not in range(1, RECORD_VERSION + 1):
        raise UsageError(
            f"{where}: usage record of version {version}; this Mythmeter reads versions 1 to "
            f"{RECORD_VERSION}. A newer Mythmeter reads it; otherwise take it out."
        )
    missing = [name for name in _NEEDED if name not in line]
    if missing:
        raise UsageError(f"{where}: not a usage record (it has no {', '.join(missing)}). {MEND}")
    return line


_NEEDED = ("rule", "wildcards", "phase", "started_at", "start_s", "wall_s", "work", "machine")


class _NotFinite(Exception):
    pass


def _refuse(constant: str) -> None:
    raise _NotFinite(constant)


def table_of(rows: Iterable[dict[str, Any]], columns: Iterable[str] = COLUMNS) -> pd.DataFrame:
    """Return rows as a table whose columns have the same types whatever is null."""
    table = pd.DataFrame(list(rows), columns=list(columns))
    table["started_at"] = pd.to_datetime(table["started_at"], format="ISO8601")
    types = dict.fromkeys(WHOLE_NUMBERS, "Int64") | dict.fromkeys(NUMBERS, "float64")
    return table.astype(types)


def write_table(table: pd.DataFrame, output: Path) -> None:
    """Write a table as Parquet."""
    with replacing(output) as partial:
        table.to_parquet(partial, index=False)


def gather(paths: Iterable[Path], output: Path) -> pd.DataFrame:
    """Write the records of all jobs as one Parquet table, a row per job and phase."""
    table = table_of(row for path in sorted(paths) for row in read_record(path))
    write_table(table, output)
    return table
