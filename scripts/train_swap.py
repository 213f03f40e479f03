"""Adapter of rule train_swap."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.swap.swappers.base import Equipment, Settings
        from mythmeter.swap.train import train_swap

    crops = [Path(path) for path in snakemake.input.crops]
    points = [Path(path) for path in snakemake.input.points]
    models = [Path(path) for path in getattr(snakemake.input, "models", [])]
    train_swap(
        list(zip(crops, points, strict=True)),
        Path(snakemake.output.model),
        swapper=snakemake.params.swapper,
        settings=Settings(
            texture_px=snakemake.params.texture_px,
            components=snakemake.params.components,
            equipment=Equipment({"recognition": models[0]}, snakemake.params.provider)
            if models
            else None,
        ),
        enrolment_frames=snakemake.params.enrolment_frames,
        record=record,
    )
