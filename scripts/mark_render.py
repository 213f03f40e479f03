"""Adapter of rule mark_render."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.people.gate import gate_of_job
        from mythmeter.provenance.mark import Made, Marked, mark_render
        from mythmeter.render.label import LabelStyle

    mark_render(
        Path(snakemake.input.assembled),
        Made(
            target=Path(snakemake.input.target),
            faces=[Path(clip) for clip in snakemake.input.faces],
            voices=[Path(sound) for sound in snakemake.input.voices],
            speech=Path(snakemake.input.speech),
            words=Path(snakemake.input.words),
            gate=gate_of_job(snakemake),
            clips=snakemake.params.clips,
            ingredients=snakemake.params.ingredients,
        ),
        Marked(
            video=Path(snakemake.output.video),
            captions=Path(snakemake.output.captions),
            poster=Path(snakemake.output.poster),
        ),
        render=snakemake.wildcards.render,
        label=LabelStyle.of(snakemake.params.label),
        final=Path(snakemake.params.final),
        backends=snakemake.params.backends,
        catalogue=Path(snakemake.params.catalogue),
        signing=Path(snakemake.params.signing) if snakemake.params.signing else None,
        record=record,
    )
