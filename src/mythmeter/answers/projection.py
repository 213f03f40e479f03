"""From the seconds measured on one GPU to those on another: a roofline with a host beside it.

Seconds on Y are `host * h + compute * F_X / F_Y + memory * B_X / B_Y`: what the host did, at the
ratio `h` of the hosts; what was bound by arithmetic, at the ratio of peak FLOP/s; what was bound by
memory, at the ratio of bandwidths. Source of the roofline: Williams, Waterman and Patterson,
*Roofline*, CACM 52(4), 2009.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from mythmeter.answers.gpus import Gpu
from mythmeter.answers.quantity import Quantity
from mythmeter.errors import AnswerError

FROM_A_CPU = "ran on a CPU; a roofline between a CPU and a GPU is not measured"
MODEL_INTERVAL = "interval of the model: bound by arithmetic to bound by memory"


@dataclass(frozen=True)
class Measured:
    """What one machine took, with its seconds counted per whatever `unit` says."""

    wall_s: float
    busy_s: float | None
    """Seconds in which the GPU ran a kernel; the rest of `wall_s` is the host's."""
    gpu: str | None
    """Name in gpus.csv."""
    source: str
    scope: str
    unit: str = "GPU s per output s"
    n: int = 1
    device: str = "cuda"
    peak_vram_bytes: int | None = None
    compute_share: float | None = None
    """Share of the busy seconds bound by arithmetic, from counters; None: not counted."""
    no_busy_reason: str = "GPU-busy seconds were not measured"


@dataclass(frozen=True)
class _Factors:
    """What seconds are multiplied with from X to Y."""

    compute: float
    memory: float

    def ends(self) -> tuple[float, float]:
        return min(self.compute, self.memory), max(self.compute, self.memory)

    def middle(self) -> float:
        return math.sqrt(self.compute * self.memory)


def time_ratio(
    source: str,
    target: str,
    gpus: Mapping[str, Gpu],
    precision: str,
    compute_share: float | None = None,
) -> Quantity:
    """Return how many times as long GPU work takes on `target` as on `source`.

    Without `compute_share` the interval from bound-by-one to bound-by-the-other and its geometric
    mean; with it the one value between. Null with a reason where a figure of a GPU is missing.

    Raises:
        AnswerError: an unknown precision, or a share outside 0–1.
    """
    factors = _factors(source, target, gpus, precision)
    if isinstance(factors, str):
        return Quantity.missing("times as long", factors, "gpus.csv")
    where = _roofline_source(gpus, source, target)
    scope = f"{source} to {target}, {precision}, GPU work only"
    if compute_share is not None:
        value = _mixed(factors, compute_share)
        return Quantity(value, "times as long", 1, where, scope, reason=_COUNTED)
    low, high = factors.ends()
    return Quantity(factors.middle(), "times as long", 1, where, scope, low, high, MODEL_INTERVAL)


def implied_compute_share(
    observed: float, source: str, target: str, gpus: Mapping[str, Gpu], precision: str
) -> Quantity:
    """Return the share of arithmetic-bound time that explains an observed ratio of seconds.

    Null with a reason where no share does: the ratio lies outside the model's interval, so that
    something else differs (host, software, or the card is not the one that was named).
    """
    unit = "share of GPU-busy time bound by arithmetic"
    factors = _factors(source, target, gpus, precision)
    if isinstance(factors, str):
        return Quantity.missing(unit, factors, "gpus.csv")
    low, high = factors.ends()
    where = _roofline_source(gpus, source, target)
    if not low <= observed <= high:
        return Quantity.missing(
            unit,
            f"ambiguous: observed {observed:.2f} lies outside the model's {low:.1f} to {high:.1f}",
            where,
        )
    if factors.compute == factors.memory:
        return Quantity.missing(unit, "both ratios are equal, so any share explains it", where)
    share = (factors.memory - observed) / (factors.memory - factors.compute)
    return Quantity(
        share,
        unit,
        1,
        where,
        f"{source} to {target}, {precision}, if all the observed seconds were GPU work",
        reason="one observed ratio: no spread",
    )


def project(
    measured: Measured,
    target: str,
    gpus: Mapping[str, Gpu],
    precision: str,
    host_ratio: float = 1.0,
) -> Quantity:
    """Project seconds from the GPU they were measured on to another.

    Args:
        measured: the seconds, split into GPU-busy and host.
        target: a GPU of the table.
        gpus: from `read_gpus`.
        precision: `fp32`, `fp16` or `bf16`: which peak figure counts.
        host_ratio: seconds of the target's host per second of this one's.

    Returns:
        The value in the unit of the measurement. Null with a reason: from a CPU, without busy
        seconds, where a GPU or its figure is not in the table, where the peak memory does not fit
        or the memory of the target is not known.

    Raises:
        AnswerError: measured seconds that make no sense, an unknown precision.
    """
    why_not = _why_not(measured, target, gpus)
    if why_not:
        return Quantity.missing(measured.unit, why_not, measured.source, measured.scope)
    factors = _factors(str(measured.gpu), target, gpus, precision)
    if isinstance(factors, str):
        return Quantity.missing(measured.unit, factors, measured.source, measured.scope)
    busy_s = float(measured.busy_s or 0.0)
    host_s = (measured.wall_s - busy_s) * host_ratio
    where = f"{measured.source} x {_roofline_source(gpus, str(measured.gpu), target)}"
    scope = f"{_scope(measured, target, precision, host_ratio)}"
    if measured.compute_share is not None:
        value = host_s + busy_s * _mixed(factors, measured.compute_share)
        return Quantity(value, measured.unit, measured.n, where, scope, reason=_COUNTED)
    low, high = (host_s + busy_s * factor for factor in factors.ends())
    value = host_s + busy_s * factors.middle()
    return Quantity(value, measured.unit, measured.n, where, scope, low, high, MODEL_INTERVAL)


def project_all(
    measured: Measured,
    gpus: Mapping[str, Gpu],
    precision: str,
    host_ratio: float = 1.0,
    targets: Iterable[str] | None = None,
) -> dict[str, Quantity]:
    """Project to every GPU of the table, or to `targets`; ready for `cost.offer_costs`."""
    names = gpus if targets is None else targets
    return {name: project(measured, name, gpus, precision, host_ratio) for name in names}


def projection_frame(projections: Mapping[str, Quantity]) -> pd.DataFrame:
    """Return projections as a table: `gpu` and a column for every field of the quantity."""
    return pd.DataFrame([{"gpu": gpu, **vars(value)} for gpu, value in projections.items()])


_COUNTED = "the split was counted; the model's own error is not measured"


def _why_not(measured: Measured, target: str, gpus: Mapping[str, Gpu]) -> str | None:
    """Return why there is no projection, before any figure of a GPU is looked at."""
    if measured.device != "cuda":
        return FROM_A_CPU
    if not (math.isfinite(measured.wall_s) and measured.wall_s >= 0):
        raise AnswerError(f"{measured.source}: {measured.wall_s} s measured: not a duration")
    if measured.busy_s is None:
        return f"{measured.no_busy_reason}, so host and GPU cannot be told apart"
    if not 0 <= measured.busy_s <= measured.wall_s * 1.01:
        raise AnswerError(
            f"{measured.source}: GPU busy for {measured.busy_s} s of {measured.wall_s} s: one of "
            "them is wrong"
        )
    if measured.gpu is None:
        return "the records do not name the GPU"
    if target not in gpus:
        return f"gpus.csv has no row for {target}"
    if measured.peak_vram_bytes is None:
        return None
    memory_gb, peak_gb = gpus[target].memory_gb, measured.peak_vram_bytes / 1e9
    if memory_gb is None:
        return f"gpus.csv has no memory for {target}: whether {peak_gb:.1f} GB fit is not known"
    if peak_gb > memory_gb:
        return f"does not fit: a peak of {peak_gb:.1f} GB on {target} with {memory_gb:g} GB"
    return None


def _factors(source: str, target: str, gpus: Mapping[str, Gpu], precision: str) -> _Factors | str:
    """Return the ratios from one GPU to another, or why there are none."""
    for name in (source, target):
        if name not in gpus:
            return f"gpus.csv has no row for {name}"
        if gpus[name].tflops(precision) is None:
            return f"gpus.csv has no tensor figure for {name}, which {precision} needs"
    x, y = gpus[source], gpus[target]
    return _Factors(
        compute=float(x.tflops(precision) or 0) / float(y.tflops(precision) or 1),
        memory=x.bandwidth_gb_s / y.bandwidth_gb_s,
    )


def _mixed(factors: _Factors, compute_share: float) -> float:
    if not 0 <= compute_share <= 1:
        raise AnswerError(f"a compute share of {compute_share} is not between 0 and 1")
    return compute_share * factors.compute + (1 - compute_share) * factors.memory


def _roofline_source(gpus: Mapping[str, Gpu], source: str, target: str) -> str:
    figures = " and ".join(f"{n} ({gpus[n].source})" for n in dict.fromkeys((source, target)))
    return f"roofline from gpus.csv: {figures}"


def _scope(measured: Measured, target: str, precision: str, host_ratio: float) -> str:
    parts = [measured.scope, f"projected from {measured.gpu} to {target}", precision]
    parts.append("same host assumed" if host_ratio == 1 else f"host {host_ratio:g} times as slow")
    if measured.peak_vram_bytes is None:
        parts.append("peak memory not measured, so whether it fits was not checked")
    return "; ".join(part for part in parts if part)
