"""Adapter of rule check_consent."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.people.consent import check_consent
        from mythmeter.people.gate import asked_of

    clips = [Path(clip) for clip in snakemake.input.clips]
    check_consent(
        asked_of(snakemake.params.gate, Path(snakemake.input.record), clips),
        Path(snakemake.output.receipt),
        usage=record,
    )
