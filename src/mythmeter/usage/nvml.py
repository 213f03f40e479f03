"""NVIDIA's management library behind one small face, so that another can stand in for it.

Every reading raises Unreadable with a sentence where a device or a driver does not give it; nothing
else leaves this module.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Unreadable(Exception):
    """Something cannot be read from a device; the message is the reason beside the null."""


@dataclass(frozen=True)
class GpuProcess:
    """A process with a context on a device."""

    pid: int
    memory_bytes: int | None
    """None where the driver does not say."""


class Gpu(Protocol):
    """One device. Each method raises Unreadable."""

    def name(self) -> str:
        """Return the model, such as `NVIDIA H100 80GB HBM3`."""
        ...

    def uuid(self) -> str:
        """Return the device's own id, `GPU-…` or `MIG-…`."""
        ...

    def power_cap_w(self) -> float:
        """Return the power limit in force."""
        ...

    def utilisation(self) -> float:
        """Return the share (0–1) of the last sample period in which any kernel ran."""
        ...

    def energy_j(self) -> float:
        """Return the energy counter of the device; only differences mean anything."""
        ...

    def power_w(self) -> float:
        """Return the power drawn, as the board reports it."""
        ...

    def processes(self) -> Sequence[GpuProcess]:
        """Return the processes on the device, whoever's they are."""
        ...


class Gpus(Protocol):
    """The devices of a machine."""

    def driver(self) -> str:
        """Return the version of the driver. Raises Unreadable."""
        ...

    def held(self, entries: Sequence[str]) -> Sequence[Gpu]:
        """Find the devices that entries of CUDA_VISIBLE_DEVICES name. Raises Unreadable."""
        ...

    def close(self) -> None:
        """Let go of the library."""
        ...


class Nvml:
    """The real one."""

    def __init__(self) -> None:
        """Load the library.

        Raises:
            Unreadable: there is no driver, or it is not the library's version.
        """
        try:
            import pynvml
        except ImportError as error:
            raise Unreadable(f"NVML cannot be used: {error}") from error
        self._nvml: Any = pynvml
        _ask(pynvml, "NVML cannot be used", pynvml.nvmlInit)

    def driver(self) -> str:
        """Return the version of the driver."""
        return str(_ask(self._nvml, "driver version", self._nvml.nvmlSystemGetDriverVersion))

    def held(self, entries: Sequence[str]) -> list["NvmlGpu"]:
        """Find the devices that entries of CUDA_VISIBLE_DEVICES name: indices or (short) UUIDs."""
        count = _ask(self._nvml, "devices", self._nvml.nvmlDeviceGetCount)
        every = [self._by_index(index) for index in range(count)]
        if any(entry.isdigit() for entry in entries):
            _require_known_order(every)
        return [self._find(entry.strip(), every) for entry in entries]

    def close(self) -> None:
        """Let go of the library."""
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError:
            return

    def _by_index(self, index: int) -> "NvmlGpu":
        read = self._nvml.nvmlDeviceGetHandleByIndex
        return NvmlGpu(self._nvml, _ask(self._nvml, f"device {index}", read, index))

    def _find(self, entry: str, every: Sequence["NvmlGpu"]) -> "NvmlGpu":
        if entry.isdigit():
            if int(entry) >= len(every):
                raise Unreadable(f"NVML sees {len(every)} devices and none of index {entry}")
            return every[int(entry)]
        if entry.startswith("MIG-"):
            # A slice of a device is not counted among the devices: only its full name finds it.
            read = self._nvml.nvmlDeviceGetHandleByUUID
            return NvmlGpu(self._nvml, _ask(self._nvml, f"device {entry}", read, entry.encode()))
        found = [gpu for gpu in every if gpu.uuid().lower().startswith(entry.lower())]
        if len(found) != 1:
            raise Unreadable(f"{len(found)} devices have a UUID that starts with {entry}")
        return found[0]


class NvmlGpu:
    """A device of the real library."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml, self._handle = nvml, handle

    def name(self) -> str:
        """Return the model."""
        return str(self._read("name", self._nvml.nvmlDeviceGetName))

    def uuid(self) -> str:
        """Return the device's own id."""
        return str(self._read("UUID", self._nvml.nvmlDeviceGetUUID))

    def power_cap_w(self) -> float:
        """Return the power limit in force."""
        return float(self._read("power limit", self._nvml.nvmlDeviceGetEnforcedPowerLimit)) / 1000

    def utilisation(self) -> float:
        """Return the share (0–1) of the last sample period in which any kernel ran."""
        rates = self._read("utilisation", self._nvml.nvmlDeviceGetUtilizationRates)
        return float(rates.gpu) / 100

    def energy_j(self) -> float:
        """Return the energy counter."""
        read = self._nvml.nvmlDeviceGetTotalEnergyConsumption
        return float(self._read("energy counter", read)) / 1000

    def power_w(self) -> float:
        """Return the power drawn."""
        return float(self._read("power", self._nvml.nvmlDeviceGetPowerUsage)) / 1000

    def processes(self) -> list[GpuProcess]:
        """Return the processes that compute or draw on the device."""
        found: dict[int, int | None] = {}
        read = self._nvml.nvmlDeviceGetComputeRunningProcesses
        for process in self._read("processes", read):
            found[process.pid] = process.usedGpuMemory
        try:
            drawing = self._read("processes", self._nvml.nvmlDeviceGetGraphicsRunningProcesses)
        except Unreadable:  # a device that only computes has no such list
            drawing = []
        for process in drawing:
            found.setdefault(process.pid, process.usedGpuMemory)
        return [GpuProcess(pid, memory) for pid, memory in found.items()]

    def _read(self, what: str, read: Callable[..., T]) -> T:
        return _ask(self._nvml, what, read, self._handle)


def _ask(nvml: Any, what: str, read: Callable[..., T], *arguments: Any) -> T:
    try:
        return read(*arguments)
    except nvml.NVMLError as error:
        raise Unreadable(f"{what}: {error}") from error
    except Exception as error:  # a binding newer than the driver fails in several unrelated ways
        raise Unreadable(f"{what}: {type(error).__name__}: {error}") from error


def _require_known_order(every: Sequence[Gpu]) -> None:
    """CUDA numbers the fastest device 0 unless told otherwise; NVML goes by the slot.

    Raises:
        Unreadable: with devices of several kinds, an index may mean two of them.
    """
    if os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID":
        return
    if len({gpu.name() for gpu in every}) > 1:
        raise Unreadable(
            "devices differ, and CUDA numbers them otherwise than NVML; set "
            "CUDA_DEVICE_ORDER=PCI_BUS_ID"
        )
