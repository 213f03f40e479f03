"""Adapter of rule verify_render."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.provenance.mark import Marked
        from mythmeter.provenance.verify import verify_render

    given, wanted = snakemake.input, snakemake.output
    verify_render(
        Marked(Path(given.video), Path(given.captions), Path(given.poster)),
        Marked(Path(wanted.video), Path(wanted.captions), Path(wanted.poster)),
        Path(wanted.receipt),
        decoder=Path(given.decoder),
        signing=Path(snakemake.params.signing) if snakemake.params.signing else None,
        record=record,
    )
