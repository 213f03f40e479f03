"""Adapter of rule show_quality."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake):
    from mythmeter.answers.quality_page import ScoredRender, show_quality

    given, params = snakemake.input, snakemake.params
    files = zip(
        given.renders,
        given.captions,
        given.posters,
        given.marks,
        given.scores,
        given.frames,
        given.sheets,
        strict=True,
    )
    show_quality(
        [
            ScoredRender(name, language, *(Path(file) for file in own))
            for name, language, own in zip(params.renders, params.languages, files, strict=True)
        ],
        template=Path(given.template),
        page=Path(snakemake.output.page),
        parquet=Path(snakemake.output.table),
        csv=Path(snakemake.output.csv),
        signing=Path(params.signing) if params.signing else None,
    )
