"""Adapter of rule composite."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.render.composite import Encoding, chunk_number, composite
        from mythmeter.render.label import LabelStyle

    composite(
        consent=Path(snakemake.input.consent),
        clip=Path(snakemake.input.clip),
        faces=Path(snakemake.input.faces),
        masks=Path(snakemake.input.masks),
        timeline=Path(snakemake.input.timeline),
        crops=Path(snakemake.input.crops),
        crop_table=Path(snakemake.input.geometry),
        out=Path(snakemake.output.chunk),
        chunk=chunk_number(snakemake.wildcards.scatteritem),
        render=snakemake.wildcards.render,
        label=LabelStyle.of(snakemake.params.label),
        networks=(Path(snakemake.input.encoder), Path(snakemake.input.decoder)),
        encoding=Encoding(
            crf=snakemake.params.crf,
            preset=snakemake.params.preset,
            threads=snakemake.threads,
            encoder=snakemake.params.encoder,
        ),
        verdict=Path(snakemake.input.verdict),
        record=record,
    )
