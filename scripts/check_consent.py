"""Adapter of rule check_consent."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.people.consent import check_consent

    check_consent(
        Path(snakemake.input.record),
        dict(zip(snakemake.params.clips, map(Path, snakemake.input.clips), strict=True)),
        Path(snakemake.output.receipt),
        person=snakemake.wildcards.person,
        person_kind=snakemake.params.kind,
        face=snakemake.params.face,
        voice=snakemake.params.voice,
        languages=snakemake.params.languages,
        usage=record,
    )
