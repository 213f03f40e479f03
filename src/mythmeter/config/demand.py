"""What a job asks of the machine: from the size of its input, or as earlier runs measured it."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mythmeter.config.schema import validate
from mythmeter.errors import ConfigError

ERRORS = 2.0
"""A demand lies so many errors of its fit above the line."""
UNMEASURED = 0.5
"""Room above a demand whose error is not known, as a share of it: one job was measured."""


@dataclass(frozen=True)
class Line:
    """One demand of a rule, as usage records gave it."""

    base: float
    per_unit: float | None
    """None: all jobs that were measured were of one size."""
    error: float | None

    def at(self, units: float, largest: float) -> float:
        """Return what a job of that size asks for, with room for the error of the fit.

        Where only one size was measured, a larger one is taken to cost more in proportion, which is
        the most that it can.
        """
        if self.per_unit is None:
            value = self.base * (max(1.0, units / largest) if largest else 1.0)
        else:
            value = self.base + self.per_unit * units
        room = UNMEASURED * value if self.error is None else ERRORS * self.error
        return value + room


@dataclass(frozen=True)
class Demand:
    """Calibrated demands, and the caps of this machine."""

    lines: Mapping[tuple[str, str], Line] = field(default_factory=dict)
    """By rule and what: `runtime_s`, `mem_mb`, `vram_mb`."""
    units: Mapping[str, str | None] = field(default_factory=dict)
    """What a rule's size is counted in: `frames`, `audio_s`, `samples`."""
    largest: Mapping[str, float] = field(default_factory=dict)
    """The largest size measured, for a job whose size is not known beforehand."""
    caps: Mapping[str, float | None] = field(default_factory=dict)

    def of(
        self, rule: str, what: str, sizes: Mapping[str, float], otherwise: float, attempt: int
    ) -> int:
        """Return a demand, doubled with each attempt and never above its cap.

        Args:
            rule: with its preset, where it has one.
            what: `runtime_s`, `mem_mb` or `vram_mb`.
            sizes: by unit, as far as they are known before the job runs.
            otherwise: the demand of a rule that was never measured.
            attempt: 1 for the first try; a job that failed comes back with 2, 3, …
        """
        line = self.lines.get((rule, what))
        value = otherwise
        if line is not None:
            size = sizes.get(self.units.get(rule) or "")
            largest = self.largest.get(rule, 0.0)
            value = line.at(largest if size is None else size, largest)
        value *= 2 ** (attempt - 1)
        cap = self.caps.get(what)
        return math.ceil(value if cap is None else min(value, cap))


def load_demand(path: Path | None, caps: Mapping[str, float | None], *, check: bool) -> Demand:
    """Read what `mythmeter calibrate` wrote; None: every rule keeps its own figures.

    Raises:
        ConfigError: the file is not there, or not of that kind.
    """
    if path is None:
        return Demand(caps=caps)
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} (demand.file) cannot be read ({error}). Write it with "
            "`mythmeter calibrate RESULTS_DIR`, or set demand.file: null."
        ) from error
    if check:
        validate(found, "demand", lambda keys: f"{path}, {'.'.join(map(str, keys)) or 'top'}")
    rules = found["rules"]
    return Demand(
        lines={
            (rule, what): Line(entry[what]["base"], entry[what]["per_unit"], entry[what]["error"])
            for rule, entry in rules.items()
            for what in ("runtime_s", "mem_mb", "vram_mb")
            if entry[what] is not None
        },
        units={rule: entry["unit"] for rule, entry in rules.items()},
        largest={
            rule: entry["largest_units"]
            for rule, entry in rules.items()
            if entry["largest_units"] is not None
        },
        caps=caps,
    )


def size_mb(paths: Iterable[str]) -> float:
    """Return the size of files in MB; a file that is still to be made counts nothing.

    Snakemake's own `input.size_mb` starts an event loop at each call, which is a third of the time
    that a dry run of a long sheet takes.
    """
    return sum(file.stat().st_size for file in map(Path, paths) if file.exists()) / 1e6
