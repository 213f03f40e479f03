"""Tables of answers, written as Parquet and as CSV beside it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.atomic import replacing
from mythmeter.errors import UnfoundedError

FOUNDED_ON = ("n", "source", "processor", "logical_cores")
"""Columns without which no row of a table may be written."""


def write_table(table: pd.DataFrame, parquet: Path, csv: Path) -> None:
    """Write a table twice; lists become JSON in the CSV.

    Raises:
        UnfoundedError: a row does not say its n, its source or its machine.
    """
    for column in FOUNDED_ON:
        if column not in table or table[column].isna().any() or (table[column] == "").any():
            raise UnfoundedError(f"{parquet.name}: a row has no {column}")
    with replacing(parquet) as partial:
        table.to_parquet(partial, index=False)
    with replacing(csv) as partial:
        table.apply(lambda column: column.map(_plain)).to_csv(partial, index=False)


def _plain(value: Any) -> Any:
    return (
        json.dumps([float(v) for v in value])
        if isinstance(value, Iterable) and not isinstance(value, str)
        else value
    )
