"""Adapter of rule speak_script."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.voice.speak import Delivery, Outputs, speak_script

    models = [Path(path) for path in snakemake.input.models]
    speak_script(
        snakemake.params.script,
        Path(snakemake.input.voice),
        Path(snakemake.input.reference),
        synthesiser=snakemake.params.synthesiser,
        synthesiser_settings=dict(snakemake.params.settings),
        assets=dict(zip(snakemake.params.assets, models, strict=True)),
        delivery=Delivery(
            language=snakemake.params.language,
            speed=snakemake.params.speed,
            pause_s=snakemake.params.pause_s,
            lead_s=snakemake.params.lead_s,
            tail_s=snakemake.params.tail_s,
            loudness_lufs=snakemake.params.loudness_lufs,
            seed=snakemake.params.seed,
            most_takes=snakemake.params.takes,
            worst_wer=snakemake.params.worst_wer,
            duration_s=snakemake.params.duration_s,
            speed_limits=tuple(snakemake.params.speed_limits),
        ),
        outputs=Outputs(
            speech=Path(snakemake.output.speech),
            words=Path(snakemake.output.words),
            takes=Path(snakemake.output.takes),
        ),
        record=record,
        first_takes=next((Path(path) for path in snakemake.input.first_takes), None),
    )
