"""The usage record of one job: a line per phase, written as JSON Lines.

What could not be measured is null, with the reason beside it; never zero.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
        self._phases: list[dict[str, Any]] = []
        self._reasons: list[dict[str, str]] = []
        self._windows: list[Window] = []
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
            self._windows.append(window)
            self._keep(*self._line(name, window, start_s=start_s, work=units))

    def write(self, path: Path) -> None:
        """Write all phases, and what they do not cover as `other`, to a JSON Lines file."""
        self._sampler.switch(self._sampler.between)
        other, reasons = self._line("other", self._sampler.between, start_s=0.0, work={})
        other["peak_rss_bytes"] = self._sampler.highest_rss_bytes
        windows = [*self._windows, self._sampler.between]
        # What the phases do not cover, so that their rounded seconds add up to those of the job.
        wall_s = time.perf_counter() - self._wall_0
        other["wall_s"] = round(max(0.0, wall_s - sum(p["wall_s"] for p in self._phases)), 6)
        other["job_wall_s"] = round(wall_s, 6)
        other["process_started_at"] = process_started_at()
        other["job_energy_j"] = self._job_energy(windows, wall_s, reasons)
        lines = [
            with_reasons(line | self._said(index), self._no_flops() | reasons)
            for index, (line, reasons) in enumerate(
                zip([*self._phases, other], [*self._reasons, reasons], strict=True)
            )
        ]
        with replacing(path) as partial:
            partial.write_text(
                "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines),
                encoding="utf-8",
            )

    def _keep(self, line: dict[str, Any], reasons: dict[str, str]) -> None:
        self._phases.append(line)
        self._reasons.append(reasons)

    def _line(
        self, name: str, window: Window, *, start_s: float, work: dict[str, float]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        gpu = self._sampler.gpu_fields(window)
        memory, no_memory = self._memory.read(whole_job=name == "other")
        held = self.device.kind == "cuda"
        line: dict[str, Any] = {
            "record_version": RECORD_VERSION,
            "mythmeter_version": __version__,
            "rule": self.rule,
            "wildcards": self.wildcards,
            "phase": name,
            "started_at": datetime.fromtimestamp(self._started_at + start_s, UTC).isoformat(),
            "start_s": round(start_s, 6),
            "wall_s": round(window.wall_s, 6),
            "cpu_s": round(window.cpu_s, 6),
            "peak_rss_bytes": window.peak_rss_bytes,
            "read_bytes": window.read_bytes,
            "written_bytes": window.written_bytes,
            "work": work,
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
        steady = [i for i, line in enumerate(self._phases) if line["phase"] == "steady"]
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

    def _job_energy(
        self, windows: list[Window], wall_s: float, reasons: dict[str, str]
    ) -> float | None:
        watch = self._sampler.watch
        if watch is None:
            reasons["job_energy_j"] = reasons["energy_j"]
            return None
        tallies = [device for w in windows if w.gpu for device in w.gpu.devices]
        energy = energy_of(watch, tallies, wall_s)
        if isinstance(energy, str):
            reasons["job_energy_j"] = energy
            return None
        return energy
