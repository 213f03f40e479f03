"""Adapter of rule match_voice."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.people.match import match_voice

    recordings = [Path(path) for path in snakemake.input.recordings]
    match_voice(
        Path(snakemake.input.record),
        dict(zip(snakemake.params.clips, recordings, strict=True)),
        Path(snakemake.output.match),
        {"dvector": Path(snakemake.input.models[0])},
        usage=record,
    )
