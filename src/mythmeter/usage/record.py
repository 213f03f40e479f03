"""The usage record of one job: a line per phase, written as JSON Lines.

What could not be measured is null, with the reason beside it; never zero.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from mythmeter import __version__
from mythmeter.atomic import replacing
from mythmeter.usage.claim import Device
from mythmeter.usage.fields import FLOPS_FIELDS, RECORD_VERSION, SAID_BY_STAGES, with_reasons
from mythmeter.usage.flops import ONNX_REASON, FlopCount
from mythmeter.usage.gpu_fields import energy_of
from mythmeter.usage.machine import machine, process_started_at
from mythmeter.usage.nvml import Gpus
from mythmeter.usage.sampler import Sampler, Window
from mythmeter.usage.torch_memory import TorchMemory, synchronise

__all__ = ["RECORD_VERSION", "Phase", "UsageRecord", "machine"]

Phase = Literal["import", "model_load", "warmup", "steady", "teardown", "flops"]


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
        gpus: Gpus | None = None,
    ) -> None:
        """Begin to record.

        Args:
            rule: of the job.
            wildcards: of the job.
            device: what the job holds; None: the processor.
            threads: granted.
            gpu_granted: devices granted by the scheduler.
            gpus: where the devices are read; None: NVML.
        """
        self.rule = rule
        self.wildcards = dict(wildcards)
        self.device = device or Device("cpu")
        self.threads = threads
        self.gpu_granted = gpu_granted
        self.backend: str | None = None
        self.precision: str | None = None
        """Number format of the work, such as `float32` or `bfloat16`."""
        self.batch: int | None = None
        """Items that go through the model together."""
        self.model_sha256: str | None = None
        """Of the weights that the work was done with."""
        self.flops: FlopCount | str | None = None
        """Of all work of the last `steady` phase; a text: why it was not counted."""
        self._started_at = time.time()
        self._wall_0 = time.perf_counter()
        self._sampler = Sampler(self.device, gpus)
        self._memory = TorchMemory(self.device)
        self._phases: list[_Phase] = []
        self._name: str | None = None

    @contextmanager
    def phase(self, name: Phase, **work: float) -> Iterator[dict[str, float]]:
        """Measure a block. `work` are its work units (frames, audio_s, tokens, iterations).

        Yields the dict of work units, so that a count known only at the end can be filled in.
        """
        if self._name is not None:
            raise RuntimeError(f"phase {name!r} opened inside {self._name!r}: phases never nest")
        self._name = name
        units = dict(work)
        window = self._sampler.window()
        synchronise(self.device)
        self._memory.reset()
        start_s = time.perf_counter() - self._wall_0
        self._sampler.switch(window)
        try:
            yield units
        finally:
            self._name = None
            synchronise(self.device)
            self._sampler.switch(self._sampler.between)
            self._phases.append(_Phase(name, start_s, window, units, self._memory.read()))

    def write(self, path: Path) -> None:
        """Write all phases, and what they do not cover as `other`, to a JSON Lines file."""
        between = self._sampler.between
        self._sampler.switch(between)
        lines = [self._line(phase) for phase in self._phases]
        other, reasons = self._line(
            _Phase("other", 0.0, between, {}, self._memory.read(whole_job=True))
        )
        other["peak_rss_bytes"] = self._sampler.highest_rss_bytes
        # What the phases do not cover, so that their rounded seconds add up to those of the job.
        wall_s = time.perf_counter() - self._wall_0
        other["wall_s"] = round(max(0.0, wall_s - sum(line["wall_s"] for line, _ in lines)), 6)
        other["job_wall_s"] = round(wall_s, 6)
        other["process_started_at"] = process_started_at()
        other["job_energy_j"] = self._job_energy(wall_s, reasons)
        whole = [
            with_reasons(line | self._said(index), self._no_flops() | reasons)
            for index, (line, reasons) in enumerate([*lines, (other, reasons)])
        ]
        with replacing(path) as partial:
            partial.write_text(
                "".join(json.dumps(line, allow_nan=False) + "\n" for line in whole),
                encoding="utf-8",
            )

    def _line(self, phase: "_Phase") -> tuple[dict[str, Any], dict[str, str]]:
        """Return the fields of a phase and the reasons for those that are null."""
        window = phase.window
        gpu = self._sampler.gpu_fields(window)
        memory, no_memory = phase.torch_memory
        held = self.device.kind == "cuda"
        started = datetime.fromtimestamp(self._started_at + phase.start_s, UTC)
        line: dict[str, Any] = {
            "record_version": RECORD_VERSION,
            "mythmeter_version": __version__,
            "rule": self.rule,
            "wildcards": self.wildcards,
            "phase": phase.name,
            "started_at": started.isoformat(),
            "start_s": round(phase.start_s, 6),
            "wall_s": round(window.wall_s, 6),
            "cpu_s": round(window.cpu_s, 6),
            "peak_rss_bytes": window.peak_rss_bytes,
            "read_bytes": window.read_bytes,
            "written_bytes": window.written_bytes,
            "work": phase.work,
            "threads": self.threads,
            "gpu_granted": self.gpu_granted,
            "device": self.device.kind,
            "device_indices": list(self.device.indices),
            "device_chosen_by": self.device.chosen_by,
            "machine": machine(),
            "gpu_allocated_s": (
                round(window.wall_s * len(self.device.indices), 6) if held else None
            ),
            **memory,
            **gpu.values,
        }
        reasons = no_memory | gpu.reasons
        return line, reasons if held else reasons | {"gpu_allocated_s": "ran on the CPU"}

    def _said(self, index: int) -> dict[str, Any]:
        """What the stage said about itself, whenever it did."""
        said: dict[str, Any] = {name: getattr(self, name) for name in SAID_BY_STAGES}
        steady = [i for i, phase in enumerate(self._phases) if phase.name == "steady"]
        if isinstance(self.flops, FlopCount) and steady and index == steady[-1]:
            said |= {
                "flops": self.flops.flops,
                "flops_uncounted": list(self.flops.uncounted),
                "flops_method": self.flops.method,
            }
        return said

    def _no_flops(self) -> dict[str, str]:
        """Why lines without FLOPs have none."""
        if isinstance(self.flops, FlopCount):
            reason = "counted for the last steady phase alone"
        elif self.flops is not None:
            reason = self.flops
        elif "onnxruntime" in sys.modules:
            reason = ONNX_REASON
        else:
            return {}
        return dict.fromkeys(FLOPS_FIELDS, reason)

    def _job_energy(self, wall_s: float, reasons: dict[str, str]) -> float | None:
        watch = self._sampler.watch
        if watch is None:
            reasons["job_energy_j"] = reasons["energy_j"]
            return None
        windows = [*(phase.window for phase in self._phases), self._sampler.between]
        tallies = [device for w in windows if w.gpu for device in w.gpu.devices]
        energy = energy_of(watch, tallies, wall_s)
        if isinstance(energy, str):
            reasons["job_energy_j"] = energy
            return None
        return energy


@dataclass
class _Phase:
    """A phase as it ended; it becomes a line when the record is written."""

    name: str
    start_s: float
    window: Window
    work: dict[str, float]
    torch_memory: tuple[dict[str, int | None], dict[str, str]]
