"""Adapter of rule locate_points."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.faces.locate import Settings, locate_points

    locate_points(
        Path(snakemake.input.clip),
        Path(snakemake.input.faces),
        weights=Path(snakemake.input.weights),
        settings=Settings(**snakemake.params.fan),
        device=record.device.kind,
        licence=snakemake.params.licence,
        table=Path(snakemake.output.table),
        sheet=Path(snakemake.output.sheet),
        summary=Path(snakemake.output.summary),
        record=record,
    )
