"""Adapter of rule crop_faces."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.faces.crop import crop_faces

    points = getattr(snakemake.input, "points", None)
    crop_faces(
        Path(snakemake.input.clip),
        Path(snakemake.input.faces),
        video=Path(snakemake.output.video),
        masks=Path(snakemake.output.masks),
        table=Path(snakemake.output.table),
        sheet=Path(snakemake.output.sheet),
        crop_px=snakemake.params.crop_px,
        points=Path(points) if points else None,
        record=record,
        parsing=next(map(Path, snakemake.input.parsing), None),
    )
