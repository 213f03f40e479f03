"""Adapter of rule gather_usage."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake):
    from mythmeter.usage.table import gather

    gather([Path(path) for path in snakemake.input.records], Path(snakemake.output.table))
