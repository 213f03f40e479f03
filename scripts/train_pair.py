"""Adapter of rule train_pair."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.people.footage import check_footage, footage_of
        from mythmeter.swap.train_pair import PairJob, train_pair

    footage = footage_of(snakemake)
    if footage is not None:
        check_footage(footage)
    given, wanted, params = snakemake.input, snakemake.output, snakemake.params
    crops = [Path(path) for path in given.crops]
    points = [Path(path) for path in given.points]
    train_pair(
        PairJob(
            person=tuple(zip(crops, points, strict=True)),
            performer=(Path(given.target_crops), Path(given.target_points)),
            model=Path(wanted.model),
            training=Path(wanted.training),
            preview=Path(wanted.preview),
            swapper=snakemake.wildcards.swapper,
            preset=snakemake.wildcards.preset,
            held_out=params.held_out,
            enrolment_frames=params.enrolment_frames,
            seed=params.seed,
            samples=params.samples,
            device=record.device.kind,
            code=params.code,
            warm_start=Path(given.warm_start) if given.warm_start else None,
            identity=(Path(given.encoder[0]), Path(given.encoder[1])) if given.encoder else None,
        ),
        processes=max(1, min(len(record.device.indices), record.gpu_granted)),
        record=record,
        flops=params.flops,
    )
