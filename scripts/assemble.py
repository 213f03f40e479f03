"""Adapter of rule assemble."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.render.assemble import assemble

    assemble(
        chunks=[Path(chunk) for chunk in snakemake.input.chunks],
        speech=Path(snakemake.input.speech),
        words=Path(snakemake.input.words),
        timeline=Path(snakemake.input.timeline),
        out=Path(snakemake.output.assembled),
        audio_kbps=snakemake.params.audio_kbps,
        record=record,
    )
