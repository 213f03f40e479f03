"""Write what the inputs say and one line more, a little at a time."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.atomic import replacing
from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record, record.phase("steady"):
    lines = [line for path in snakemake.input for line in Path(path).read_text().splitlines()]
    with replacing(Path(snakemake.output.piece)) as partial, partial.open("w") as file:
        for line in [*lines, f"{snakemake.rule} {dict(snakemake.wildcards)}"]:
            file.write(f"{line}\n")
            file.flush()
            time.sleep(0.25)
