"""All usage records of a run as one tidy table."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.atomic import replacing
from mythmeter.usage.columns import COLUMNS, HERE, NUMBERS, OF_JOB, WHOLE_NUMBERS, row_of
from mythmeter.usage.lines import read_lines

__all__ = ["COLUMNS", "gather", "read_record", "table_of", "write_table"]


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
