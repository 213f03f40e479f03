"""One job, one device: file locks that keep two jobs off the same GPU.

Snakemake's local executor counts `gpu` but never says which one, so two jobs would both take
device 0. Each device has a lock file; a job holds the lock for as long as it runs, and the
operating system frees it when the process dies, however it dies.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from mythmeter.errors import DeviceError

FAKE_GPUS_VARIABLE = "MYTHMETER_FAKE_GPUS"


@dataclass(frozen=True)
class Device:
    """The devices that a job holds: indices for `CUDA_VISIBLE_DEVICES`, or none."""

    kind: str
    """`cpu` or `cuda`."""
    indices: tuple[str, ...] = ()
    chosen_by: str = "none"
    """`none` (no GPU asked for or used), `claim` (our lock) or `scheduler` (its own choice)."""


def gpu_indices() -> tuple[str, ...]:
    """Return the indices of the GPUs of this machine, or of the fake ones that a test declares.

    The variable MYTHMETER_FAKE_GPUS (a count) stands in for NVML, so that claiming can be tested
    where there is no GPU.
    """
    fake = os.environ.get(FAKE_GPUS_VARIABLE)
    if fake:
        return tuple(str(i) for i in range(int(fake)))
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # the binding raises several unrelated types where no driver is installed
        return ()
    try:
        return tuple(str(i) for i in range(pynvml.nvmlDeviceGetCount()))
    finally:
        pynvml.nvmlShutdown()


def resolve_device(wanted: str) -> str:
    """Turn the config's `auto|cpu|cuda` into `cpu` or `cuda`.

    Raises:
        DeviceError: `cuda` where no GPU is visible; there is no silent fallback to the CPU.
    """
    if wanted == "cpu":
        return "cpu"
    visible = gpu_indices()
    if wanted == "cuda" and not visible:
        raise DeviceError(
            "device: cuda, but no NVIDIA GPU is visible on this machine (NVML found none). "
            "Set `device: cpu` to run on the processor, or `device: auto` to let Mythmeter choose."
        )
    return "cuda" if visible else "cpu"


@contextmanager
def claim(count: int, device: str, folder: Path | None = None) -> Iterator[Device]:
    """Hold `count` devices until the block ends, and point CUDA_VISIBLE_DEVICES at them.

    Args:
        count: GPUs that the scheduler granted this job.
        device: `cpu` or `cuda`, as resolved once for the whole run.
        folder: where the lock files are; shared by all jobs of a machine and user.

    A scheduler that already set CUDA_VISIBLE_DEVICES has chosen: its choice is kept.

    Raises:
        DeviceError: fewer devices visible than granted.
    """
    if device == "cpu" or count < 1:
        # A job on the CPU must not see a GPU: a library that finds one would quietly use it.
        before = os.environ.get("CUDA_VISIBLE_DEVICES")
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        try:
            yield Device("cpu")
        finally:
            _restore("CUDA_VISIBLE_DEVICES", before)
        return
    given = [i for i in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if i]
    if given:
        if len(given) < count:
            raise DeviceError(
                f"This job needs {count} GPUs and its scheduler gave it {len(given)} "
                f"(CUDA_VISIBLE_DEVICES={','.join(given)}). Ask the scheduler for {count}."
            )
        yield Device("cuda", tuple(given), "scheduler")
        return
    visible = gpu_indices()
    if len(visible) < count:
        raise DeviceError(
            f"This job needs {count} GPUs and this machine has {len(visible)}. "
            f"Lower the rule's `gpu` resource or run on a machine with {count}."
        )
    folder = folder or Path(tempfile.gettempdir()) / f"mythmeter-gpu-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    locks = _lock_any(visible, count, folder)
    order = os.environ.get("CUDA_DEVICE_ORDER")
    try:
        indices = tuple(index for index, _ in locks)
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(indices)
        # The locks count as NVML does, by slot; CUDA would number the fastest device 0.
        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        yield Device("cuda", indices, "claim")
    finally:
        for _, lock in locks:
            lock.release()
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        _restore("CUDA_DEVICE_ORDER", order)


def _restore(variable: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = before


def _lock_any(
    visible: tuple[str, ...], count: int, folder: Path, poll_s: float = 0.05
) -> list[tuple[str, FileLock]]:
    """Wait until `count` of the devices are free at once and lock them.

    All or nothing: a job that waits while it holds part of what it needs could wait for ever.
    """
    while True:
        held: list[tuple[str, FileLock]] = []
        for index in visible:
            lock = FileLock(folder / f"gpu-{index}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            held.append((index, lock))
            if len(held) == count:
                return held
        for _, lock in held:
            lock.release()
        time.sleep(poll_s)
