"""Adapter of rule drive_lips."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.lips.drive import DriveSettings, drive_lips

    heard = map(Path, snakemake.input.heard)
    sound_of = dict(zip(snakemake.params.heard_clips, heard, strict=True))
    drive_lips(
        crops=[Path(path) for path in snakemake.input.crops],
        heard=[sound_of.get(clip) for clip in snakemake.params.clips],
        clips=snakemake.params.clips,
        speech=Path(snakemake.input.speech),
        words=Path(snakemake.input.words),
        timeline=Path(snakemake.input.timeline),
        output=Path(snakemake.output.drive),
        settings=DriveSettings(
            gain=snakemake.params.gain,
            viseme_mix=snakemake.params.viseme_mix,
            shape_mix=snakemake.params.shape_mix,
            max_units=snakemake.params.max_units,
        ),
        record=record,
    )
