"""This run's usage and that of every machine whose record set was dropped in, as one table."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mythmeter.answers.outputs import output_seconds
from mythmeter.usage.columns import HERE
from mythmeter.usage.record_sets import read_sets
from mythmeter.usage.table import read_record, table_of, write_table

OF_RUN = ("label", "output_s", "renders")
"""Columns that `usage.parquet` does not have."""


def gather_machines(
    *, usage: Path, timelines: Sequence[Path], records: Path, output: Path
) -> pd.DataFrame:
    """Write one Parquet table: the columns of `usage.parquet`, and those of `OF_RUN`.

    Args:
        usage: table of this run; its rows have the machine `here`.
        timelines: of this run's renders.
        records: folder of record sets, which need not be there.
        output: where the table goes.

    Raises:
        UsageError: a set is damaged; the message names the file.
    """
    own = pd.read_parquet(usage).assign(
        label=HERE, output_s=output_seconds(timelines), renders=len(timelines)
    )
    tables = [own]
    for one in read_sets(records):
        rows = [row for path in one.records for row in read_record(path, one.machine)]
        facts = {"label": one.label, "output_s": one.output_s, "renders": one.renders}
        tables.append(table_of(rows).assign(**facts))
    table = pd.concat(tables, ignore_index=True)
    write_table(table, output)
    return table
