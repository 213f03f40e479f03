"""Adapter of rule compare_swaps."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def paths(files):
    """Paths of a list of input files."""
    return [Path(file) for file in files]


with run_job(snakemake):
    from mythmeter.answers.training import compare_swaps

    compare_swaps(
        [dict(row) for row in snakemake.params.rows],
        scores=paths(snakemake.input.scores),
        strips=paths(snakemake.input.strips),
        drawing=paths(snakemake.input.drawing),
        learning=paths(snakemake.input.learning),
        tables=paths(snakemake.input.tables),
        trainings=paths(snakemake.input.trainings),
        template=Path(snakemake.input.template),
        page=Path(snakemake.output.page),
        source=snakemake.params.source,
        parquet=Path(snakemake.output.table),
        csv=Path(snakemake.output.csv),
    )
