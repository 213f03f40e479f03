"""How many GPUs a number of users needs: two formulas that bracket, a simulation that decides."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mythmeter.answers.capacity import erlang
from mythmeter.answers.capacity.demand import Demand, Target, squared_variation
from mythmeter.answers.capacity.erlang import ALLEN_CUNNEEN, ERLANG
from mythmeter.answers.capacity.simulate import (
    PLAIN_RUNS,
    RUNS,
    VIDEOS,
    draw,
    gpus_for_run,
    wait_of_run,
)
from mythmeter.answers.quantity import Quantity

BAND = 0.90
TAIL = (1 - BAND) / 2


@dataclass(frozen=True)
class Plan:
    """The GPUs that a demand needs, and how they are used."""

    demand: Demand
    target: Target
    gpus: Quantity
    """The answer: the simulated number, with its 90 % band."""
    gpus_erlang: Quantity
    """By Erlang-C, as though service times were exponential (cs² = 1)."""
    gpus_allen_cunneen: Quantity
    """By Erlang-C corrected for the measured cs²."""
    utilisation: Quantity
    """Share of the GPUs' time that is worked at the busiest hour."""
    utilisation_day: Quantity
    """The same over the whole day, where the GPUs are kept at all hours."""
    wait_s: Quantity
    """The target's percentile of the waits at the busiest hour, simulated with that many GPUs."""
    cs2: Quantity
    """Squared coefficient of variation of the service times."""

    @property
    def bracket(self) -> tuple[int, int]:
        """Fewest and most GPUs of the two formulas."""
        known = [
            q.value for q in (self.gpus_erlang, self.gpus_allen_cunneen) if q.value is not None
        ]
        return int(min(known)), int(max(known))

    @property
    def bracketed(self) -> bool:
        """Whether the simulated number lies in the bracket of the formulas."""
        low, high = self.bracket
        return self.gpus.value is not None and low <= self.gpus.value <= high


def plan_capacity(
    demand: Demand,
    target: Target,
    service_s: NDArray[np.float64],
    *,
    source: str,
    scope: str = "",
    runs: int = RUNS,
    videos: int = VIDEOS,
    seed: int = 0,
) -> Plan:
    """Return how many GPUs hold a percentile of the waits below a limit at the busiest hour.

    Args:
        demand: users and what they ask for.
        target: percentile and limit of the waits.
        service_s: GPU seconds of a video of `demand.video_s`, one a measured render: from
            `service_times_s`. A video holds one GPU throughout and nothing else delays it.
        source: where the service times come from; printed with every number.
        scope: what they cover (machine, cold or warm, the speed assumed).
        runs: simulated runs behind the band, each with its own bootstrap sample of the times.
        videos: simulated videos a run.
        seed: of the first run; the others count on.

    The busiest hour is taken to last: a peak of minutes is over before its queue has built up, so
    the number errs on the side of more GPUs.

    Raises:
        AnswerError: no service time, one that is not positive, or too few simulated videos for the
            percentile.
    """
    arrivals = demand.arrivals_per_s
    plain = [draw(arrivals, service_s, seed + run, videos) for run in range(PLAIN_RUNS)]
    drawn = [draw(arrivals, service_s, seed + run, videos, resampled=True) for run in range(runs)]
    gpus = statistics.median_high(gpus_for_run(run, target) for run in plain)
    needed = [*(gpus_for_run(run, target) for run in drawn), gpus]
    waits = [wait_of_run(run, gpus, target.percentile) for run in drawn]
    wait = statistics.median(wait_of_run(run, gpus, target.percentile) for run in plain)
    number = partial(_number, n=int(service_s.size), source=source, scope=scope)
    banded = partial(
        number,
        spread=f"{BAND:.0%} band of {runs} simulated runs of {videos} videos",
        reason="n = 1: the band shows chance in the queue alone" if service_s.size == 1 else None,
    )
    mean_s, cs2 = float(np.mean(service_s)), squared_variation(service_s)
    needs = partial(erlang.gpus_needed, arrivals, mean_s, target.wait_s, target.percentile)
    utilisation = arrivals * mean_s / gpus
    unknown = "n = 1: how service times vary is not known"
    return Plan(
        demand=demand,
        target=target,
        gpus=banded(gpus, "GPUs", **_ends(needed)),
        gpus_erlang=number(needs(), "GPUs", source=f"{ERLANG}; {source}"),
        gpus_allen_cunneen=Quantity.missing("GPUs", unknown, source, scope)
        if cs2 is None
        else number(needs(cs2=cs2), "GPUs", source=f"{ALLEN_CUNNEEN}; {source}"),
        utilisation=number(utilisation, "share of GPU time at the busiest hour"),
        utilisation_day=number(utilisation / demand.peak_factor, "share of GPU time over the day"),
        wait_s=banded(wait, "s", **_ends([*waits, wait])),
        cs2=Quantity.missing("cs²", unknown, source, scope) if cs2 is None else number(cs2, "cs²"),
    )


def _ends(values: Sequence[float]) -> dict[str, float]:
    """The 90 % band of some runs, each end a value that occurred."""
    ordered = np.sort(np.asarray(values, float))
    beyond = int(TAIL * ordered.size)
    return {"low": float(ordered[beyond]), "high": float(ordered[-1 - beyond])}


def _number(value: float, unit: str, **rest: Any) -> Quantity:
    return Quantity(value, unit, **rest)


def plan_for_users(
    users: Sequence[int],
    demand: Demand,
    target: Target,
    service_s: NDArray[np.float64],
    **rest: Any,
) -> list[Plan]:
    """Return a plan for each number of users; all else as in `plan_capacity`."""
    return [
        plan_capacity(replace(demand, users=count), target, service_s, **rest) for count in users
    ]


def capacity_table(plans: Iterable[Plan]) -> pd.DataFrame:
    """Return the plans as a tidy table: a row per number of users and metric.

    Columns: `users`, `metric` (a field of Plan), and those of Quantity: `value`, `unit`, `n`,
    `source`, `scope`, `low`, `high`, `spread`, `reason`.
    """
    rows = [
        {"users": plan.demand.users, "metric": name, **asdict(value)}
        for plan in plans
        for name, value in vars(plan).items()
        if isinstance(value, Quantity)
    ]
    return pd.DataFrame(rows)
