"""The one thread of a job that looks at what it uses, and the windows that it looks through."""

import threading
import time
import weakref
from dataclasses import dataclass

from mythmeter.usage.claim import Device
from mythmeter.usage.gpu_fields import Fields, device_fields, phase_fields, without_nvml
from mythmeter.usage.gpu_watch import GpuTally, GpuWatch
from mythmeter.usage.nvml import Gpus, Nvml, Unreadable
from mythmeter.usage.pace import Pace
from mythmeter.usage.processes import ProcessTree, Totals

SAMPLE_EVERY_S = 0.25


@dataclass
class Window:
    """What was used while a window was open; one that is opened again goes on counting."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    read_bytes: int | None = 0
    written_bytes: int | None = 0
    peak_rss_bytes: int = 0
    gpu: GpuTally | None = None


class Sampler:
    """Counts what a job uses into the window that is open.

    Counters are read where a window opens and closes; memory, utilisation and processes are sampled
    by a thread, which ends with the record that it serves: it holds no reference to it.
    """

    def __init__(self, device: Device, gpus: Gpus | None = None) -> None:
        """Begin to sample, with no window of a phase open.

        Args:
            device: what the job holds.
            gpus: where to read devices; None: NVML.
        """
        self._tree = ProcessTree()
        self._device = device
        self._lock = threading.Lock()
        self._pace = Pace(SAMPLE_EVERY_S)
        self.watch: GpuWatch | None = None
        self.device_facts = without_nvml("ran on the CPU")
        if device.kind == "cuda":
            self._open_gpus(gpus)
        self.highest_rss_bytes = 0
        self.between = self.window()
        """Open while no phase is."""
        self._open = self.between
        self._wall, self._totals = time.perf_counter(), self._tree.totals()
        self._edge_of_gpus()
        self._stopped = threading.Event()
        weakref.finalize(self, self._stopped.set)
        threading.Thread(
            target=_watch, args=(weakref.ref(self), self._stopped), daemon=True
        ).start()

    def window(self) -> Window:
        """Return an empty window."""
        return Window(gpu=self.watch.tally() if self.watch else None)

    def switch(self, window: Window) -> None:
        """Close the window that is open and open another."""
        with self._lock:
            self._tree.walk_if_due(at_an_edge=True)
            now, totals = time.perf_counter(), self._tree.totals()
            self._credit(now, totals)
            self._edge_of_gpus()
            self._note_memory(self._open, window)
            self._open, self._wall, self._totals = window, now, totals

    def sample(self) -> None:
        """Look now."""
        with self._lock, self._pace:
            self._tree.walk_if_due()
            self._note_memory(self._open)
            if self.watch and self._open.gpu:
                self.watch.sample(time.perf_counter(), self._open.gpu)

    def gpu_fields(self, window: Window) -> Fields:
        """Return the fields that NVML knows, of one window."""
        if self.watch is None or window.gpu is None:
            return self.device_facts
        fields = phase_fields(self.watch, window.gpu, window.wall_s)
        fields.values |= self.device_facts.values
        fields.reasons |= self.device_facts.reasons
        return fields

    def spacing_s(self) -> float:
        """Seconds until the next look."""
        return self._pace.spacing_s()

    def _open_gpus(self, gpus: Gpus | None) -> None:
        try:
            source = gpus or Nvml()
            weakref.finalize(self, source.close)
            held = source.held(self._device.indices)
        except Unreadable as error:
            self.device_facts = without_nvml(str(error))
            return
        self.watch = GpuWatch(held, self._own_pids)
        self.device_facts = device_fields(source, held)

    def _own_pids(self, fresh: bool) -> set[int]:
        if fresh:
            self._tree.walk()
        return self._tree.pids

    def _credit(self, now: float, totals: Totals) -> None:
        window, before = self._open, self._totals
        window.wall_s += now - self._wall
        window.cpu_s += max(0.0, totals.cpu_s - before.cpu_s)
        window.read_bytes = _plus(window.read_bytes, before.read_bytes, totals.read_bytes)
        window.written_bytes = _plus(
            window.written_bytes, before.written_bytes, totals.written_bytes
        )

    def _edge_of_gpus(self) -> None:
        if self.watch and self._open.gpu:
            self.watch.edge(time.perf_counter(), self._open.gpu)

    def _note_memory(self, *windows: Window) -> None:
        rss_bytes = self._tree.rss_bytes()
        for window in windows:
            window.peak_rss_bytes = max(window.peak_rss_bytes, rss_bytes)
        self.highest_rss_bytes = max(self.highest_rss_bytes, rss_bytes)


def _plus(so_far: int | None, before: int | None, now: int | None) -> int | None:
    if so_far is None or before is None or now is None:
        return None
    return so_far + max(0, now - before)


def _watch(sampler: "weakref.ref[Sampler]", stopped: threading.Event) -> None:
    wait_s = SAMPLE_EVERY_S
    while not stopped.wait(wait_s):
        alive = sampler()
        if alive is None:
            return
        alive.sample()
        wait_s = alive.spacing_s()
        del alive
