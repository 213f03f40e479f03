"""Adapter of rule measure_batch."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake):
    from mythmeter.answers.at_once.measure import measure_batch

    measure_batch(
        [Path(file) for file in snakemake.input.records],
        [Path(file) for file in snakemake.input.shared],
        batch=int(snakemake.wildcards.batch),
        gpus=snakemake.params.gpus,
        source=snakemake.params.source,
        parquet=Path(snakemake.output.table),
        csv=Path(snakemake.output.csv),
        jobs=Path(snakemake.output.jobs),
    )
