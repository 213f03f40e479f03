"""Adapter of rule normalise_clip."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.media.normalise import normalise_clip

    normalise_clip(
        Path(snakemake.input.source),
        Path(snakemake.output.clip),
        Path(snakemake.output.verdict),
        crf=snakemake.params.crf,
        max_height=snakemake.params.max_height,
        keyframe_s=snakemake.params.keyframe_s,
        threads=snakemake.threads,
        record=record,
        # No param: limits change no result, so raising them must not rerun what is made.
        limits_factor=snakemake.config["ingest"]["limits_factor"],
    )
