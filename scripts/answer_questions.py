"""Adapter of rule answer_questions."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake):
    from mythmeter.answers.answering import answer_questions

    answer_questions(
        usage=Path(snakemake.input.usage),
        timelines={
            name: Path(path)
            for name, path in zip(snakemake.params.renders, snakemake.input.timelines, strict=True)
        },
        prices=Path(snakemake.input.prices),
        gpus=Path(snakemake.input.gpus),
        market=Path(snakemake.input.market),
        founding=Path(snakemake.input.founding),
        machines=Path(snakemake.input.machines),
        experiments=[Path(path) for path, _ in snakemake.params.experiments],
        detector_scores=[Path(path) for path in snakemake.input.detector_scores],
        service=dict(snakemake.params.service),
        spot_mtbi_h=float(snakemake.params.spot_mtbi_h),
        template=Path(snakemake.input.template),
        page=Path(snakemake.output.page),
        folder=Path(snakemake.output.tables),
    )
