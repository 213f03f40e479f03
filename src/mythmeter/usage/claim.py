"""One job, one device: file locks that keep two jobs off the same GPU.

Snakemake's local executor counts `gpu` but never says which one, so two jobs would both take
device 0. Each device has a lock file; a job holds the lock for as long as it runs, and the
operating system frees it when the process dies, however it dies. Where packing is on, jobs of one
GPU share a device as long as the memory that they ask for fits into it.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mythmeter.errors import DeviceError
from mythmeter.usage.ledger import Ledger
from mythmeter.usage.locks import DeviceLock, lock_folder

FAKE_GPUS_VARIABLE = "MYTHMETER_FAKE_GPUS"
FAKE_VRAM_VARIABLE = "MYTHMETER_FAKE_VRAM_MB"
POLL_S = 0.05


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


def capacity_mb(index: str) -> int:
    """Return the memory of a GPU in MB, or that of the fake ones (MYTHMETER_FAKE_VRAM_MB)."""
    fake = os.environ.get(FAKE_VRAM_VARIABLE)
    if fake:
        return int(fake)
    import pynvml

    pynvml.nvmlInit()
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(int(index)))
    finally:
        pynvml.nvmlShutdown()
    return int(memory.total / 1e6)


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
def claim(
    count: int, device: str, folder: Path | None = None, *, packed_mb: int | None = None
) -> Iterator[Device]:
    """Hold `count` devices until the block ends, and point CUDA_VISIBLE_DEVICES at them.

    Args:
        count: GPUs that the scheduler granted this job.
        device: `cpu` or `cuda`, as resolved once for the whole run.
        folder: where the lock files are; shared by all jobs of a machine and user.
        packed_mb: GPU memory in MB with which a job of one GPU shares a device with others; None:
            the device is the job's alone. A job of several GPUs never shares.

    A scheduler that already set CUDA_VISIBLE_DEVICES has chosen: its choice is kept.

    Raises:
        DeviceError: fewer devices visible than granted, no device has that much memory, or the
            locks cannot be used.
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
    folder = lock_folder(folder)
    if packed_mb is not None and count == 1:
        held = _part_of_any(visible, packed_mb, folder)
    else:
        held = _whole(visible, count, folder)
    order = os.environ.get("CUDA_DEVICE_ORDER")
    try:
        indices = tuple(lock.index for lock in held)
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(indices)
        # The locks count as NVML does, by slot; CUDA would number the fastest device 0.
        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        yield Device("cuda", indices, "claim")
    finally:
        if packed_mb is not None and count == 1:
            Ledger(held[0].index, folder).withdraw()
        for lock in held:
            lock.release()
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        _restore("CUDA_DEVICE_ORDER", order)


def _restore(variable: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = before


def _whole(visible: tuple[str, ...], count: int, folder: Path) -> list[DeviceLock]:
    """Wait until `count` of the devices are free at once and lock them.

    All or nothing: a job that waits while it holds part of what it needs could wait for ever.
    """
    while True:
        held: list[DeviceLock] = []
        for index in visible:
            lock = DeviceLock(index, folder)
            if lock.take():
                held.append(lock)
            if len(held) == count:
                return held
        for lock in held:
            lock.release()
        time.sleep(POLL_S)


def _part_of_any(visible: tuple[str, ...], vram_mb: int, folder: Path) -> list[DeviceLock]:
    """Wait until one device has that much memory unpromised, and share it."""
    capacities = {index: capacity_mb(index) for index in visible}
    largest = max(capacities.values())
    if vram_mb > largest:
        raise DeviceError(
            f"This job needs {vram_mb} MB of GPU memory and the largest GPU here has {largest} MB."
        )
    while True:
        for index, capacity in capacities.items():
            lock = DeviceLock(index, folder)
            # The promise first: its file may have to be judged by whether anybody holds the lock.
            if not Ledger(index, folder).promise(vram_mb, capacity):
                continue
            if lock.take(shared=True):
                return [lock]
            Ledger(index, folder).withdraw()
        time.sleep(POLL_S)
