"""Adapter of rule compare_render."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.people.gate import gate_of_job
        from mythmeter.provenance.comparison import Credits, Look, compare_render
        from mythmeter.provenance.mark import Made, Marked
        from mythmeter.render.composite import Encoding
        from mythmeter.render.label import LabelStyle
        from mythmeter.render.panels import Sources

    given, wanted, params = snakemake.input, snakemake.output, snakemake.params

    def paths(files):
        """Paths of an input of several files."""
        return [Path(file) for file in files]

    compare_render(
        Sources(
            clip=Path(given.target),
            faces=Path(given.target_faces),
            masks=Path(given.masks),
            timeline=Path(given.timeline),
            swap=(Path(given.swap), Path(given.swap_points)),
            synced=list(zip(paths(given.crops), paths(given.geometry), strict=True)),
        ),
        Made(
            target=Path(given.target),
            faces=paths(given.faces),
            voices=paths(given.voices),
            speech=Path(given.speech),
            words=Path(given.words),
            gate=gate_of_job(snakemake),
            clips=params.clips,
            ingredients=params.ingredients,
        ),
        Marked(Path(wanted.video), Path(wanted.captions), Path(wanted.poster)),
        Path(wanted.receipt),
        render=snakemake.wildcards.render,
        look=Look(
            label=LabelStyle.of(params.label),
            encoding=Encoding(
                crf=params.crf,
                preset=params.preset,
                threads=snakemake.threads,
                encoder=params.encoder,
            ),
            audio_kbps=params.audio_kbps,
            networks=(Path(given.encoder), Path(given.decoder)),
        ),
        credits=Credits(
            backends=params.backends,
            catalogue=Path(params.catalogue),
            signing=Path(params.signing) if params.signing else None,
        ),
        work=Path(params.work),
        record=record,
    )
