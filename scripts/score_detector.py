"""Adapter of rule score_detector."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.quality.detector import Clip, Preparation, score_detector

    given, params = snakemake.input, snakemake.params

    def clips(names, label, paths):
        """The clips of one label."""
        return [Clip(name, label, Path(path)) for name, path in zip(names, paths, strict=True)]

    score_detector(
        [
            *clips(params.footage, "real", given.footage),
            *clips(params.renders, "rendered", given.renders),
        ],
        model=Path(given.model),
        provider=params.provider,
        preparation=Preparation(params.mean, params.std),
        every_frames=params.every_frames,
        scores=Path(snakemake.output.scores),
        record=record,
    )
