"""Adapter of rule extract_audio."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.media.speech import extract_audio

    extract_audio(
        Path(snakemake.input.source),
        {
            16000: Path(snakemake.output.speech_16k),
            24000: Path(snakemake.output.speech_24k),
        },
        wanted_by=snakemake.params.wanted_by,
        record=record,
        # No param: limits change no result, so raising them must not rerun what is made.
        limits_factor=snakemake.config["ingest"]["limits_factor"],
    )
