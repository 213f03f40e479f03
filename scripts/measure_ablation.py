"""Adapter of rule measure_ablation."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake):
    from mythmeter.answers.ablation import measure_ablation

    measure_ablation(
        [Path(file) for file in snakemake.input.measured],
        snakemake.params.skipped,
        source=snakemake.params.source,
        parquet=Path(snakemake.output.table),
        csv=Path(snakemake.output.csv),
    )
