"""Adapter of rule swap_faces."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.people.footage import check_footage, footage_of
        from mythmeter.swap.apply import swap_faces
        from mythmeter.swap.swappers.base import Equipment

    footage = footage_of(snakemake)
    if footage is not None:
        check_footage(footage)
    models = [Path(path) for path in getattr(snakemake.input, "models", [])]
    swap_faces(
        Path(snakemake.input.model),
        (Path(snakemake.input.crops), Path(snakemake.input.points)),
        (Path(snakemake.output.video), Path(snakemake.output.table)),
        swapper=snakemake.params.swapper,
        start_s=snakemake.params.start_s,
        end_s=snakemake.params.end_s,
        record=record,
        masks=Path(snakemake.input.masks),
        own=snakemake.params.own,
        equipment=Equipment({"swapper": models[0]}, snakemake.params.provider) if models else None,
    )
