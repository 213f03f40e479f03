"""Adapter of rule measure_lengths."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def paths(files):
    """Paths of a list of input files."""
    return [Path(file) for file in files]


with run_job(snakemake):
    from mythmeter.answers.lengths import measure_lengths

    measure_lengths(
        snakemake.params.renders,
        paths(snakemake.input.timelines),
        paths(snakemake.input.records),
        paths(snakemake.input.shared),
        source=snakemake.params.source,
        parquet=Path(snakemake.output.table),
        csv=Path(snakemake.output.csv),
    )
