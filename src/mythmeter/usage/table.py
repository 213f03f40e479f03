"""All usage records of a run as one tidy table."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.atomic import replacing
from mythmeter.usage.columns import COLUMNS, HERE, NUMBERS, OF_JOB, WHOLE_NUMBERS, row_of
from mythmeter.usage.lines import read_lines

__all__ = ["COLUMNS", "gather", "read_record", "read_records", "table_of", "write_table"]


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


def table_of(rows: Iterable[dict[str, Any]], columns: Iterable[str] = COLUMNS) -> pd.DataFrame:
    """Return rows as a table whose columns have the same types whatever is null."""
    table = pd.DataFrame(list(rows), columns=list(columns))
    for name in ("started_at", "process_started_at"):
        table[name] = pd.to_datetime(table[name], format="ISO8601", utc=True)
    types = dict.fromkeys(WHOLE_NUMBERS, "Int64") | dict.fromkeys(NUMBERS, "float64")
    return table.astype(types)


def write_table(table: pd.DataFrame, output: Path) -> None:
    """Write a table as Parquet."""
    with replacing(output) as partial:
        table.to_parquet(partial, index=False)


def read_records(paths: Iterable[Path]) -> pd.DataFrame:
    """Read the records of jobs as one table, a row per job and phase."""
    return table_of(row for path in sorted(paths) for row in read_record(path))


def gather(paths: Iterable[Path], output: Path) -> pd.DataFrame:
    """Write the records of all jobs as one Parquet table, a row per job and phase."""
    table = read_records(paths)
    write_table(table, output)
    return table
