"""Two settings measured in turns in one job, so that both see the same machine."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Quality:
    """What came out of both settings, by one metric."""

    metric: str
    unit: str
    base: float | None
    changed: float | None
    method: str


class Bench(Protocol):
    """A piece of a stage that can be run in either of two settings."""

    unit: str
    """What one run makes: `48 frames`."""

    def ready(self, setting: str) -> Callable[[], Any]:
        """Prepare one run, untimed; what is returned does the work and returns its result."""
        ...

    def quality(self, base: Any, changed: Any) -> Quality:
        """Compare results of runs in the two settings."""
        ...


@dataclass
class Seconds:
    """Of each repeat of one setting."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """Both settings, measured."""

    base: Seconds
    changed: Seconds
    quality: Quality


def compare(bench: Bench, base: str, changed: str, repeats: int) -> Comparison:
    """Run both settings in turns, after an untimed run of each.

    Who goes first alternates, so that neither profits from what the other left in caches or from a
    machine that grows slower.
    """
    results = {setting: bench.ready(setting)() for setting in (base, changed)}
    seconds = {base: Seconds(), changed: Seconds()}
    for repeat in range(repeats):
        turns = (base, changed) if repeat % 2 == 0 else (changed, base)
        for setting in turns:
            work = bench.ready(setting)
            cpu, wall = _cpu_seconds(), time.perf_counter()
            results[setting] = work()
            seconds[setting].wall_s.append(time.perf_counter() - wall)
            seconds[setting].cpu_s.append(_cpu_seconds() - cpu)
    return Comparison(
        seconds[base], seconds[changed], bench.quality(results[base], results[changed])
    )


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
