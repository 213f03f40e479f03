"""Adapter of rule track_faces."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.faces.reference import FaceReference
        from mythmeter.faces.track import track_faces
        from mythmeter.people.match import face_check

    models = dict(zip(snakemake.params.assets, map(Path, snakemake.input.models), strict=True))
    known = list(getattr(snakemake.input, "consent", ()))
    track_faces(
        Path(snakemake.input.clip),
        Path(snakemake.output.faces),
        verdict=Path(snakemake.output.verdict),
        landmarks=snakemake.params.landmarks,
        models=models,
        smoothing_frames=snakemake.params.smoothing_frames,
        record=record,
        face=FaceReference.of_config(snakemake.params.face),
        max_turn_deg=snakemake.params.max_turn_deg,
        is_person=face_check(Path(known[0]), models) if known else None,
    )
