"""Adapter of rule fetch_model."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake):
    from mythmeter.models.catalogue import by_file, load_catalogue
    from mythmeter.models.fetch import fetch

    asset = by_file(load_catalogue(Path(snakemake.params.catalogue)), snakemake.wildcards.file)
    print(fetch(asset, Path(snakemake.output.model)))
