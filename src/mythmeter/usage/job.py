"""What every adapter does around its one call: log, threads, device, usage record, clear errors."""

import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from mythmeter.errors import DeviceError, MythmeterError
from mythmeter.usage import sums
from mythmeter.usage.claim import claim
from mythmeter.usage.device import device_of_job
from mythmeter.usage.disk import disk_trouble
from mythmeter.usage.log import JobLog
from mythmeter.usage.memory import OUT_OF_MEMORY_EXIT, is_out_of_memory
from mythmeter.usage.notice import Terminated, heeding_notice
from mythmeter.usage.record import UsageRecord

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


class Job(Protocol):
    """The attributes of Snakemake's `snakemake` object that are used here."""

    log: Any
    rule: str
    wildcards: Any
    threads: int
    resources: Any
    params: Any
    output: Any


@contextmanager
def run_job(job: Job) -> Iterator[UsageRecord]:
    """Run an adapter's block with its log, threads, device and usage record.

    * Standard output and error go to the rule's log; a MythmeterError is also printed, alone, on
      the terminal, and ends the process with exit code 1.
    * The libraries' thread pools follow `threads:`. Import numpy, torch and cv2 inside the block.
    * `resources.gpu` devices are claimed; params.device is the configuration's `auto`, `cpu` or
      `cuda` (absent means `cpu`), and is resolved here, on the machine that works.
      With `gpu_packing: true` in the configuration, jobs of one GPU share it by `vram_mb`.
    * A job that was granted fewer GPUs, or less GPU memory, than it needs stops before any work.
    * SIGTERM ends the block as an error does, after a checkpoint where one is kept; exit code 143.
    * A job whose disk is full says so. One that runs out of memory says so and ends with exit code
      12, for another try with more.
    * Inputs that earlier jobs wrote are compared with their checksums, outputs get theirs.
    * The record is written to `output.usage` when the block ends without an error.
    """
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(job.threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    wildcards = dict(getattr(job.wildcards, "items", dict)())
    device_kind = device_of_job(str(getattr(job.params, "device", "cpu")))
    granted = int(getattr(job.resources, "gpu", 0) or 0)
    needed = int(getattr(job.params, "gpu_needed", granted) or 0)
    with _logged(job, wildcards), heeding_notice():
        if device_kind == "cuda" and granted < needed:
            raise DeviceError(
                f"{job.rule} needs {needed} GPUs and was granted {granted}: `--resources "
                f"gpu={granted}` is lower than what one job asks for. Start with gpu={needed}."
            )
        sums.check(_files(job, "input"))
        packed_mb = _gpu_memory(job) if device_kind == "cuda" and granted else None
        with claim(granted, device_kind, packed_mb=packed_mb) as device:
            record = UsageRecord(
                job.rule, wildcards, device=device, threads=job.threads, gpu_granted=granted
            )
            yield record
            usage = getattr(job.output, "usage", None)
            if usage:
                record.write(Path(str(usage)))
            sums.note(_files(job, "output"), job.rule)


def _files(job: Job, what: str) -> list[Path]:
    """All inputs or outputs of a job."""
    named = getattr(job, what, ())
    return [Path(str(path)) for path in (named if isinstance(named, Iterable) else ())]


def _gpu_memory(job: Job) -> int | None:
    """GPU memory in MB that a job shares a device with; None: the device is its own.

    Snakemake clips a job's `vram_mb` to `--resources vram_mb=` without a word; `vram_needed_mb` is
    the same demand under a name that no limit has.
    """
    granted_mb = int(getattr(job.resources, "vram_mb", 0) or 0)
    needed_mb = int(getattr(job.resources, "vram_needed_mb", granted_mb) or 0)
    if granted_mb < needed_mb:
        raise DeviceError(
            f"{job.rule} needs {needed_mb} MB of GPU memory and was granted {granted_mb} MB: "
            f"`--resources vram_mb={granted_mb}` is lower than what one job asks for. Start with "
            f"vram_mb={needed_mb}, or leave it out."
        )
    packing = dict(getattr(job, "config", None) or {}).get("gpu_packing", False)
    return granted_mb if packing and granted_mb else None


@contextmanager
def _logged(job: Job, wildcards: dict[str, str]) -> Iterator[None]:
    terminal = sys.stderr
    with _log_of(job) as log:
        sys.stdout, sys.stderr, stdout = log, log, sys.stdout
        try:
            yield
        except MythmeterError as error:
            where = ", ".join(f"{k}={v}" for k, v in wildcards.items())
            message = f"{job.rule}{f' ({where})' if where else ''}: {error}"
            print(message, file=log)
            print(f"\n{message}\n", file=terminal, flush=True)
            sys.exit(1)
        except Terminated:
            print(f"{job.rule}: stopped by SIGTERM; run again to go on.", file=log)
            raise
        except BaseException as error:
            traceback.print_exc(file=log)
            out_of_memory = is_out_of_memory(error)
            reason = _out_of_memory(job) if out_of_memory else disk_trouble(error)
            if reason is None:
                raise
            message = f"{job.rule}: {reason}"
            print(message, file=log)
            print(f"\n{message}\n", file=terminal, flush=True)
            sys.exit(OUT_OF_MEMORY_EXIT if out_of_memory else 1)
        finally:
            sys.stdout, sys.stderr = stdout, terminal


def _log_of(job: Job) -> JobLog:
    try:
        return JobLog(Path(str(job.log)))
    except OSError as error:
        reason = disk_trouble(error)
        if reason is None:
            raise
        print(f"\n{job.rule}: {reason}\n", file=sys.stderr, flush=True)
        sys.exit(1)


def _out_of_memory(job: Job) -> str:
    asked = ", ".join(
        f"{name}={value}"
        for name in ("mem_mb", "vram_mb")
        if (value := getattr(job.resources, name, None))
    )
    return (
        f"out of memory{f' (it had asked for {asked})' if asked else ''}. Another try asks for "
        "more: run again with --retries 2. It stays on the device that was asked for."
    )
