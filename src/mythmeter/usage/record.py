"""The usage record of one job: a line per phase, written as JSON Lines.

What could not be measured is null, with the reason beside it; never zero.
"""

import json
import os
import platform
import socket
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from mythmeter import __version__
from mythmeter.atomic import replacing
from mythmeter.usage.claim import Device

Phase = Literal["import", "model_load", "warmup", "steady", "teardown"]

RECORD_VERSION = 1


class UsageRecord:
    """Collects phases of a job and writes them as one JSON object a line.

    Phases follow one another and never nest. Seconds of the job that no phase covers are written
    as one further phase `other`, so that the phases of a job always add up to its wall time.
    """

    def __init__(
        self,
        rule: str,
        wildcards: Mapping[str, str],
        *,
        device: Device | None = None,
        threads: int = 1,
        gpu_granted: int = 0,
        started_at: float | None = None,
        now: float | None = None,
    ) -> None:
        self.rule = rule
        self.wildcards = dict(wildcards)
        self.device = device or Device("cpu")
        self.threads = threads
        self.gpu_granted = gpu_granted
        self.backend: str | None = None
        self._phases: list[dict[str, Any]] = []
        self._memory = _MemoryWatch()
        self._wall_0 = time.perf_counter() if now is None else now
        self._cpu_0 = _cpu_seconds()
        self._started_at = time.time() if started_at is None else started_at
        self._open: str | None = None

    @contextmanager
    def phase(self, name: Phase, **work: float) -> Iterator[dict[str, float]]:
        """Measure a block. `work` are its work units (frames, audio_s, tokens, iterations).

        Yields the dict of work units, so that a count known only at the end can be filled in.
        """
        if self._open is not None:
            raise RuntimeError(f"phase {name!r} opened inside {self._open!r}: phases never nest")
        self._open = name
        units = dict(work)
        wall, cpu = time.perf_counter(), _cpu_seconds()
        start_s = wall - self._wall_0
        self._memory.reset()
        try:
            yield units
        finally:
            self._open = None
            _synchronise(self.device)
            self._phases.append(
                self._line(
                    name,
                    start_s=start_s,
                    wall_s=time.perf_counter() - wall,
                    cpu_s=_cpu_seconds() - cpu,
                    work=units,
                )
            )

    def _line(
        self, name: str, *, start_s: float, wall_s: float, cpu_s: float, work: dict[str, float]
    ) -> dict[str, Any]:
        line: dict[str, Any] = {
            "record_version": RECORD_VERSION,
            "mythmeter_version": __version__,
            "rule": self.rule,
            "wildcards": self.wildcards,
            "backend": self.backend,
            "phase": name,
            "started_at": datetime.fromtimestamp(self._started_at + start_s, UTC).isoformat(),
            "start_s": round(start_s, 6),
            "wall_s": round(wall_s, 6),
            "cpu_s": round(cpu_s, 6),
            "peak_rss_bytes": self._memory.peak_bytes(),
            "work": work,
            "threads": self.threads,
            "gpu_granted": self.gpu_granted,
            "device": self.device.kind,
            "device_indices": list(self.device.indices),
            "device_chosen_by": self.device.chosen_by,
            "machine": machine(),
        }
        line.update(_gpu_fields(self.device, wall_s))
        return line

    def write(self, path: Path) -> None:
        """Write all phases, and what they do not cover as `other`, to a JSON Lines file."""
        wall_s = time.perf_counter() - self._wall_0
        cpu_s = _cpu_seconds() - self._cpu_0
        covered_wall_s = sum(p["wall_s"] for p in self._phases)
        covered_cpu_s = sum(p["cpu_s"] for p in self._phases)
        other = self._line(
            "other",
            start_s=0.0,
            wall_s=max(0.0, wall_s - covered_wall_s),
            cpu_s=max(0.0, cpu_s - covered_cpu_s),
            work={},
        )
        other["peak_rss_bytes"] = self._memory.highest_bytes()
        other["job_wall_s"] = round(wall_s, 6)
        other["process_started_at"] = _process_started_at()
        with replacing(path) as partial:
            partial.write_text(
                "".join(json.dumps(line) + "\n" for line in [*self._phases, other]),
                encoding="utf-8",
            )


def machine() -> dict[str, Any]:
    """Describe this machine without naming its owner: processor, cores, memory, system."""
    import psutil

    return {
        "host": socket.gethostname(),
        "system": platform.system(),
        "processor": _processor_name(),
        "logical_cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "python": platform.python_version(),
    }


def _processor_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _process_started_at() -> str:
    """When the process of the job began: what a slot is held for begins here, not at the import."""
    import psutil

    return datetime.fromtimestamp(psutil.Process().create_time(), UTC).isoformat()


def _cpu_seconds() -> float:
    """CPU seconds of this process and of its finished children (encoders run as children)."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _synchronise(device: Device) -> None:
    """Wait for queued GPU work, so that it is counted in the phase that queued it."""
    if device.kind == "cuda" and "torch" in sys.modules:
        torch = sys.modules["torch"]
        if torch.cuda.is_available():
            torch.cuda.synchronize()


def _gpu_fields(device: Device, wall_s: float) -> dict[str, Any]:
    names = (
        "gpu_busy_s",
        "vram_allocated_peak_bytes",
        "vram_reserved_peak_bytes",
        "vram_process_peak_bytes",
        "energy_j",
    )
    fields: dict[str, Any] = dict.fromkeys(names)
    if device.kind != "cuda":
        fields.update(gpu_allocated_s=None, energy_method="none", gpu_null_reason="ran on the CPU")
        return fields
    fields.update(
        gpu_allocated_s=round(wall_s * len(device.indices), 6),
        energy_method="none",
        gpu_null_reason="not sampled: this version records allocated time and torch's memory only",
    )
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        fields["vram_allocated_peak_bytes"] = torch.cuda.max_memory_allocated()
        fields["vram_reserved_peak_bytes"] = torch.cuda.max_memory_reserved()
    return fields


class _MemoryWatch:
    """Samples the resident memory of this process and its children, a peak for each phase.

    The thread ends with the record that it serves: it holds no reference to it.
    """

    def __init__(self, interval_s: float = 0.25) -> None:
        import psutil

        self._process = psutil.Process()
        self._peak = 0
        self._highest = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        weakref.finalize(self, self._stopped.set)
        threading.Thread(
            target=_watch, args=(weakref.ref(self), self._stopped, interval_s), daemon=True
        ).start()

    def sample(self) -> None:
        """Measure now."""
        import psutil

        total = 0
        for process in [self._process, *self._process.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        with self._lock:
            self._peak = max(self._peak, total)
            self._highest = max(self._highest, total)

    def reset(self) -> None:
        """Begin a new phase."""
        with self._lock:
            self._peak = 0

    def peak_bytes(self) -> int:
        """Highest sample since the last reset, one taken now included."""
        self.sample()
        with self._lock:
            return self._peak

    def highest_bytes(self) -> int:
        """Highest sample of all."""
        with self._lock:
            return self._highest


def _watch(watch: "weakref.ref[_MemoryWatch]", stopped: threading.Event, interval_s: float) -> None:
    while not stopped.wait(interval_s):
        alive = watch()
        if alive is None:
            return
        alive.sample()
        del alive
