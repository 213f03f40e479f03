"""Adapter of rule score_swap."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.quality.swap_score import SwapFiles, score_swap

    given, wanted, params = snakemake.input, snakemake.output, snakemake.params

    def paths(files):
        """Paths of an input of several files."""
        return [Path(file) for file in files]

    score_swap(
        SwapFiles(*(Path(given[name]) for name in ("crops", "table", "clip", "faces", "masks"))),
        paths(given.person_clips),
        paths(given.person_tracks),
        models=dict(zip(params.model_names, paths(given.models), strict=True)),
        landmarks=params.landmarks,
        landmark_models=dict(
            zip(params.landmark_assets, paths(given.landmark_models), strict=True)
        ),
        every_frames=params.every_frames,
        scores=Path(wanted.scores),
        strip=Path(wanted.strip),
        record=record,
    )
