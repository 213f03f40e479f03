"""Adapter of rule match_face."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.people.match import match_face

    clips, faces, models = (
        [Path(path) for path in paths]
        for paths in (snakemake.input.clips, snakemake.input.faces, snakemake.input.models)
    )
    pairs = zip(clips, faces, strict=True)
    match_face(
        Path(snakemake.input.record),
        dict(zip(snakemake.params.clips, pairs, strict=True)),
        Path(snakemake.output.match),
        dict(zip(("dlib_points", "dlib_face"), models, strict=True)),
        usage=record,
    )
