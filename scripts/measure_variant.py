"""Adapter of rule measure_variant."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def paths(files):
    """Paths of a list of input files."""
    return [Path(file) for file in files]


with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.config.variants import Variant
        from mythmeter.experiments.files import Material, Scale
        from mythmeter.experiments.variant import measure_variant

    given, params = snakemake.input, snakemake.params
    with tempfile.TemporaryDirectory(dir=Path(snakemake.output.facts).parent) as scratch:
        measure_variant(
            Variant(**params.row),
            Material(
                clip=Path(given.clip),
                faces=Path(given.faces),
                crops=(Path(given.crops), Path(given.points)),
                masks=Path(given.masks),
                person_crops=tuple(
                    zip(paths(given.person_crops), paths(given.person_points), strict=True)
                ),
                swap_model=Path(given.swap),
                voice=Path(given.voice),
                models=dict(zip(params.model_names, paths(given.models), strict=True)),
            ),
            Scale(
                start_s=params.start_s,
                segment_s=params.segment_s,
                samples=params.samples,
                text=params.text,
                threads=snakemake.threads,
                scratch=Path(scratch),
                device=record.device.kind,
                encoder=(params.crf, params.preset),
                landmarks=params.landmarks,
            ),
            repeats=params.repeats,
            out=Path(snakemake.output.facts),
            record=record,
        )
