"""Adapter of rule write_report."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def paths(files):
    """Paths of a list of input files."""
    return [Path(file) for file in files]


with run_job(snakemake):
    from mythmeter.answers.page import write_page

    write_page(
        renders=snakemake.params.renders,
        videos=paths(snakemake.input.renders),
        captions=paths(snakemake.input.captions),
        posters=paths(snakemake.input.posters),
        marks=paths(snakemake.input.marks),
        quality=paths(snakemake.input.quality),
        sheets=paths(snakemake.input.sheets),
        consent=paths(snakemake.input.consent),
        enrolments=paths(snakemake.input.enrolments),
        takes=paths(snakemake.input.takes),
        crops=paths(snakemake.input.crops),
        verdicts=paths(snakemake.input.verdicts),
        charts=paths(snakemake.input.charts),
        stages=Path(snakemake.input.stages),
        prices=Path(snakemake.input.prices),
        scope=Path(snakemake.input.scope),
        footage=dict(snakemake.params.footage),
        points=list(
            zip(
                paths(getattr(snakemake.input, "points", [])),
                paths(getattr(snakemake.input, "point_summaries", [])),
                strict=True,
            )
        ),
        models=getattr(snakemake.params, "models", []),
        template=Path(snakemake.input.template),
        page=Path(snakemake.output.page),
        signing=Path(snakemake.params.signing) if snakemake.params.signing else None,
    )
