"""Adapter of rule track_faces."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.faces.track import track_faces

    paths = map(Path, snakemake.input.models)
    track_faces(
        Path(snakemake.input.clip),
        Path(snakemake.output.faces),
        landmarks=snakemake.params.landmarks,
        models=dict(zip(snakemake.params.assets, paths, strict=True)),
        smoothing_frames=snakemake.params.smoothing_frames,
        record=record,
    )
