"""Adapter of the scheduling test: hold whatever was granted for half a second."""

import time
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record, record.phase("steady"):
    time.sleep(0.5)
