"""Adapter of rule speak_together."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.voice.together import Script, speak_together

    models = [Path(path) for path in snakemake.input.models]
    speak_together(
        [
            Script(text, language, snakemake.params.speed, snakemake.params.seed)
            for text, language in snakemake.params.scripts
        ],
        Path(snakemake.input.voice),
        synthesiser=snakemake.params.synthesiser,
        synthesiser_settings=dict(snakemake.params.settings),
        assets=dict(zip(snakemake.params.assets, models, strict=True)),
        takes_path=Path(snakemake.output.takes),
        record=record,
    )
