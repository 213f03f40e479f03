"""Adapter of rule plan_render."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.render.timeline import plan_render

    plan_render(
        Path(snakemake.input.speech),
        Path(snakemake.input.faces),
        Path(snakemake.output.timeline),
        start_s=snakemake.params.start_s,
        end_s=snakemake.params.end_s,
        fit=snakemake.params.fit,
        chunks=snakemake.params.chunks,
        record=record,
    )
