"""Adapter of rule track_faces."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.faces.track import track_faces
        from mythmeter.people.match import face_check

    models = dict(zip(snakemake.params.assets, map(Path, snakemake.input.models), strict=True))
    known = list(getattr(snakemake.input, "consent", ()))
    track_faces(
        Path(snakemake.input.clip),
        Path(snakemake.output.faces),
        landmarks=snakemake.params.landmarks,
        models=models,
        smoothing_frames=snakemake.params.smoothing_frames,
        record=record,
        is_person=face_check(Path(known[0]), models) if known else None,
    )
