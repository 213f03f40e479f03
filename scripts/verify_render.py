"""Adapter of rule verify_render."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.provenance.verify import verify_render

    verify_render(
        Path(snakemake.input.video),
        Path(snakemake.output.receipt),
        signing=Path(snakemake.params.signing) if snakemake.params.signing else None,
        record=record,
    )
