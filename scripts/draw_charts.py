"""Adapter of rule draw_charts."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake):
    from mythmeter.answers.profile import draw_profile

    draw_profile(
        usage=Path(snakemake.input.usage),
        timelines=[Path(path) for path in snakemake.input.timelines],
        prices=Path(snakemake.input.prices),
        charts=[Path(path) for path in snakemake.output.charts],
        stages_csv=Path(snakemake.output.stages),
        prices_csv=Path(snakemake.output.prices),
        scope_json=Path(snakemake.output.scope),
    )
