"""Adapter of rule measure_users."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake):
    from mythmeter.answers.at_once.measure import measure_users

    measure_users(
        [Path(file) for file in snakemake.input.batches],
        Path(snakemake.output.table),
        Path(snakemake.output.csv),
    )
