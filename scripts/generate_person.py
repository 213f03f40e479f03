"""Adapter of rule generate_person."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.persona.generate import generate_person

    paths = map(Path, snakemake.input.models)
    generate_person(
        snakemake.wildcards.person,
        snakemake.params.clip,
        snakemake.params.recipe,
        dict(zip(snakemake.params.assets, paths, strict=True)),
        Path(snakemake.output.video),
        Path(snakemake.output.consent),
        languages=snakemake.params.languages,
        threads=snakemake.threads,
        record=record,
    )
