"""Adapter of rule enrol_voice."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.voice.enrol import enrol_voice
        from mythmeter.voice.synthesiser import FitSettings

    models = [Path(path) for path in snakemake.input.models]
    enrol_voice(
        [Path(path) for path in snakemake.input.recordings],
        synthesiser=snakemake.params.synthesiser,
        synthesiser_settings=dict(snakemake.params.settings),
        assets=dict(zip(snakemake.params.assets, models, strict=True)),
        settings=FitSettings(
            steps=snakemake.params.fit_steps,
            equaliser_strength=snakemake.params.equaliser_strength,
            seed=snakemake.params.seed,
        ),
        voice_path=Path(snakemake.output.voice),
        reference_path=Path(snakemake.output.reference),
        report_path=Path(snakemake.output.enrolment),
        record=record,
    )
