"""Adapter of the sheet of the Slurm tests: hold the GPU that the scheduler chose, and say which."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record, record.phase("steady"):
    start_s = time.time()
    time.sleep(snakemake.params.hold_s)
    held = {
        "devices": record.device.indices,
        "chosen_by": record.device.chosen_by,
        "mem_mb": snakemake.resources.mem_mb,
        "vram_mb": snakemake.resources.vram_mb,
        "start_s": start_s,
        "end_s": time.time(),
    }
    Path(snakemake.output.held).write_text(json.dumps(held))
