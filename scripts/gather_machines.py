"""Adapter of rule gather_machines."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake):
    from mythmeter.answers.machines import gather_machines

    gather_machines(
        usage=Path(snakemake.input.usage),
        timelines=[Path(path) for path in snakemake.input.timelines],
        records=Path(snakemake.params.records),
        output=Path(snakemake.output.table),
    )
