"""Devices that are not there, each with its own energy, memory, utilisation and processes."""

from dataclasses import dataclass, field

from mythmeter.usage.nvml import GpuProcess, Unreadable


@dataclass
class FakeGpu:
    """One device. A test moves its counter and puts processes on it."""

    number: int = 0
    joules: float = 5000.0
    watts: float = 100.0
    used: float = 0.5
    on_it: dict[int, int | None] = field(default_factory=dict)
    """Process id -> bytes."""
    missing: set[str] = field(default_factory=set)
    """Readings that this device does not give."""
    cap_w: float = 300.0

    def name(self):
        return self._give("name", "Fake 9000")

    def uuid(self):
        return self._give("uuid", f"GPU-{self.number}{self.number}")

    def power_cap_w(self):
        return self._give("power_cap_w", self.cap_w)

    def utilisation(self):
        return self._give("utilisation", self.used)

    def energy_j(self):
        return self._give("energy_j", self.joules)

    def power_w(self):
        return self._give("power_w", self.watts)

    def processes(self):
        return self._give("processes", [GpuProcess(*item) for item in self.on_it.items()])

    def _give(self, what, value):
        if what in self.missing:
            raise Unreadable(f"{what}: Not Supported")
        return value


class FakeGpus:
    """A machine with some of them."""

    def __init__(self, *gpus):
        self.gpus = gpus
        self.closed = False

    def driver(self):
        return "580.1"

    def held(self, entries):
        return [self.gpus[int(entry)] for entry in entries]

    def close(self):
        self.closed = True
