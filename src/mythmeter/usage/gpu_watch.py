"""What the devices that a job holds did meanwhile, a tally for each phase."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import psutil

from mythmeter.usage.nvml import Gpu, GpuProcess, Unreadable

T = TypeVar("T")


@dataclass
class DeviceTally:
    """Readings of one device within one phase."""

    utilisation: list[float] = field(default_factory=list)
    energy_j: float = 0.0
    others: set[int] = field(default_factory=set)
    """Ids of processes on the device that do not belong to the job."""
    looks: int = 0
    """How often the processes were listed."""
    failed: dict[str, str] = field(default_factory=dict)
    """What could not be read -> why."""


@dataclass
class GpuTally:
    """Readings of all devices of a job within one phase."""

    devices: list[DeviceTally]
    process_peak_bytes: int = 0
    """Highest sum over the devices of what the job's processes hold there."""


class GpuWatch:
    """Reads the devices that a job holds, and no other."""

    def __init__(self, gpus: Sequence[Gpu], own_pids: Callable[[bool], set[int]]) -> None:
        """Begin to watch.

        Args:
            gpus: the devices that the job holds.
            own_pids: returns the ids of the job's processes; with True it looks for new ones first.
        """
        self.gpus = list(gpus)
        self._own_pids = own_pids
        self._meters = [_Meter(gpu) for gpu in self.gpus]
        self._known: set[int] = set()
        self.seen_own = False
        """Whether a device ever listed a process of the job."""
        self.from_elsewhere = False
        """Whether a device listed a process that this system does not have: it numbers them
        otherwise, as outside a container."""

    @property
    def energy_method(self) -> str:
        """`counter`, or `power` where a device has no counter, or `none`."""
        methods = {meter.method for meter in self._meters}
        return next((m for m in ("none", "power", "counter") if m in methods), "none")

    def tally(self) -> GpuTally:
        """Return an empty tally."""
        return GpuTally([DeviceTally() for _ in self.gpus])

    def edge(self, now: float, tally: GpuTally) -> None:
        """Credit the energy since the last edge to the phase that ends here."""
        for meter, device in zip(self._meters, tally.devices, strict=True):
            try:
                meter.advance(now)
            except Unreadable as error:
                device.failed.setdefault("energy_j", str(error))
            device.energy_j += meter.taken()

    def sample(self, now: float, tally: GpuTally) -> None:
        """Read every device once."""
        held_bytes: int | None = 0
        for gpu, meter, device in zip(self.gpus, self._meters, tally.devices, strict=True):
            used = _try(device, "gpu_util", gpu.utilisation, None)
            if used is not None:
                device.utilisation.append(used)
            meter.follow(now)
            processes = _try(device, "processes", gpu.processes, None)
            if processes is None or held_bytes is None:
                held_bytes = None
                continue
            device.looks += 1
            own = self._sort(processes, device)
            if any(p.memory_bytes is None for p in own):
                device.failed["vram"] = "the driver does not say how much a process holds"
                held_bytes = None
            else:
                held_bytes += sum(p.memory_bytes or 0 for p in own)
        tally.process_peak_bytes = max(tally.process_peak_bytes, held_bytes or 0)

    def _sort(self, processes: Sequence[GpuProcess], device: DeviceTally) -> list[GpuProcess]:
        """Return the job's own processes; the others are noted."""
        pids = {process.pid for process in processes}
        ours = self._own_pids(bool(pids - self._known))
        for pid in pids - self._known - ours:
            self.from_elsewhere |= not psutil.pid_exists(pid)
        self._known |= pids
        device.others |= pids - ours
        self.seen_own |= bool(pids & ours)
        return [process for process in processes if process.pid in ours]


class _Meter:
    """Energy of one device since the start: by its counter, or by power over time without one."""

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
        self.method = "counter"
        self._last_j: float | None = None
        self._last_w: tuple[float, float] | None = None
        self._taken_j = 0.0
        self._lost = False
        """Whether the last reading of the counter failed."""
        self._gap: str | None = None
        """Why energy since the last edge is missing."""

    def advance(self, now: float) -> None:
        """Bring the energy up to this moment.

        Raises:
            Unreadable: part of it, or all, could not be measured since the last edge.
        """
        if self.method == "counter":
            self._count()
        if self.method == "power":
            self.follow(now)
        if self.method == "none":
            self._gap = "the device has neither an energy counter nor a power reading"
        if self._gap is not None:
            reason, self._gap = self._gap, None
            raise Unreadable(reason)

    def follow(self, now: float) -> None:
        """Between edges: polled power has to be read more often than at them."""
        if self.method != "power":
            return
        try:
            power = self._gpu.power_w()
        except Unreadable as error:
            self._gap, self._last_w = str(error), None
            return
        if self._last_w is not None:
            then, before = self._last_w
            self._taken_j += (power + before) / 2 * (now - then)
        self._last_w = (now, power)

    def taken(self) -> float:
        """Return the energy since the last call, in joules."""
        taken, self._taken_j = self._taken_j, 0.0
        return taken

    def _count(self) -> None:
        try:
            reading = self._gpu.energy_j()
        except Unreadable as error:
            self._gap = str(error)
            if self._last_j is None:
                self.method = "power" if self._has_power() else "none"
                self._gap = None
            self._lost = True
            return
        if self._lost:
            self._gap, self._lost = "the energy counter could not be read at its start", False
        elif self._last_j is not None:
            if reading < self._last_j:
                self._gap = "the energy counter went back; was the driver reloaded?"
            else:
                self._taken_j += reading - self._last_j
        self._last_j = reading

    def _has_power(self) -> bool:
        try:
            self._gpu.power_w()
        except Unreadable:
            return False
        return True


def _try(device: DeviceTally, what: str, read: Callable[[], T], otherwise: T) -> T:
    """Read; note why where it cannot be read."""
    try:
        return read()
    except Unreadable as error:
        device.failed.setdefault(what, str(error))
        return otherwise
