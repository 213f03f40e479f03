"""Adapter of rule sync_lips."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.lips.sync import chunk_number, supplied_weights, sync_lips

    drives = [Path(path) for path in snakemake.input.drive]
    settings = snakemake.params.supplied
    sync_lips(
        drive=drives[0] if drives else None,
        timeline=Path(snakemake.input.timeline),
        swap_video=Path(snakemake.input.swap),
        swap_table=Path(snakemake.input.swap_points),
        crop_videos=[Path(path) for path in snakemake.input.crops],
        crop_tables=[Path(path) for path in snakemake.input.crop_points],
        chunk=chunk_number(snakemake.wildcards.scatteritem),
        syncer=snakemake.params.syncer,
        output_video=Path(snakemake.output.video),
        output_table=Path(snakemake.output.table),
        record=record,
        supplied=settings
        and supplied_weights(
            Path(snakemake.input.weights[0]),
            Path(snakemake.input.speech[0]),
            record.device.kind,
            settings,
        ),
    )
