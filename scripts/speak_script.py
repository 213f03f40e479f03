"""Adapter of rule speak_script."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.voice.speak import Delivery, speak_script

    models = [Path(path) for path in snakemake.input.models]
    speak_script(
        snakemake.params.script,
        Path(snakemake.input.voice),
        synthesiser=snakemake.params.synthesiser,
        assets=dict(zip(snakemake.params.assets, models, strict=True)),
        delivery=Delivery(
            language=snakemake.params.language,
            speed=snakemake.params.speed,
            pause_s=snakemake.params.pause_s,
            lead_s=snakemake.params.lead_s,
            tail_s=snakemake.params.tail_s,
        ),
        speech_path=Path(snakemake.output.speech),
        words_path=Path(snakemake.output.words),
        record=record,
    )
