"""The detection challenge played through in simulated time, on demand and on spot machines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from mythmeter.answers.capacity.interruptions import times_slower
from mythmeter.answers.challenge.replay import Replay, ScoringBatch, replay
from mythmeter.answers.founding import Case
from mythmeter.answers.quantity import Quantity

RUNS = 10
BAND = 0.90
CHECKPOINT_H = 0.25
SLOWEST = 5.0
"""Times as long as undisturbed; beyond it nothing is simulated: the longest jobs never end."""
RESTART_H = 0.1
"""Until an interrupted GPU is replaced and the model loaded again: an assumption."""
SOURCE = "config/founding.csv, played through by simpy"


@dataclass(frozen=True)
class Scenario:
    """One way to rent the same fleet, and what the replays of it came to."""

    name: str
    days: Quantity
    """From the first submission's start to the last one's end."""
    gpu_hours: Quantity
    """Paid, work done twice included."""
    lost_share: Quantity
    """Of the paid hours: work done twice because of interruptions."""
    utilisation: Quantity


def challenge_scenarios(case: Case, mtbi_h: float, runs: int = RUNS) -> list[Scenario]:
    """Play the challenge through on demand, and on spot machines without and with checkpoints.

    All submissions wait at the start: the account says when none came in. Hours are lognormal with
    the account's mean and an assumed spread.

    Args:
        case: `detection_challenge` of founding.csv.
        mtbi_h: mean hours between interruptions of a spot GPU.
        runs: replays of each, seeded 0, 1, ….

    Raises:
        AnswerError: a figure that is needed is not in the table, or no job could ever end.
    """
    on_demand = ScoringBatch(
        jobs=round(case["submissions"]),
        hours_each=case["hours_each"],
        spread=case["hours_spread"],
        gpus=round(case["fleet_gpus"]),
        success=case["success_share"],
        interruptions_per_hour=0.0,
        checkpoint_h=None,
        restart_h=RESTART_H,
        usd_per_hour=case["p3_2xlarge_usd_per_hour"],
    )
    spot = replace(on_demand, interruptions_per_hour=1 / mtbi_h)
    ways = {
        "on demand": on_demand,
        "spot, begun again": spot,
        f"spot, saved every {60 * CHECKPOINT_H:g} min": replace(spot, checkpoint_h=CHECKPOINT_H),
    }
    return [
        _scenario(name, _replays(batch, runs)) if _ends(batch) else _endless(name, mtbi_h)
        for name, batch in ways.items()
    ]


def scenario_frame(scenarios: Sequence[Scenario]) -> pd.DataFrame:
    """Return a row per scenario and metric, with the columns of Quantity."""
    return pd.DataFrame(
        [
            {"scenario": scenario.name, "metric": metric, **vars(value)}
            for scenario in scenarios
            for metric, value in vars(scenario).items()
            if isinstance(value, Quantity)
        ]
    )


def _ends(batch: ScoringBatch) -> bool:
    """Whether a mean job gets through in a time that is worth simulating."""
    rate = batch.interruptions_per_hour
    if rate == 0:
        return True
    chunk_h = batch.checkpoint_h or batch.hours_each
    return times_slower(batch.hours_each, 1 / rate, chunk_s=chunk_h) <= SLOWEST


def _endless(name: str, mtbi_h: float) -> Scenario:
    reason = (
        f"taken away every {mtbi_h:g} h, a job would take more than {SLOWEST:g} times as long: "
        "practically for ever"
    )
    return Scenario(
        name,
        *(
            Quantity.missing(unit, reason, SOURCE, name)
            for unit in ("days", "GPU h", "share of the paid hours", "share of GPU time")
        ),
    )


@cache
def _replays(batch: ScoringBatch, runs: int) -> tuple[Replay, ...]:
    return tuple(replay(batch, seed) for seed in range(runs))


def _scenario(name: str, replays: Sequence[Replay]) -> Scenario:
    def banded(values: Sequence[float], unit: str) -> Quantity:
        low, middle, high = np.quantile(values, [(1 - BAND) / 2, 0.5, (1 + BAND) / 2])
        return Quantity(
            float(middle),
            unit,
            len(values),
            SOURCE,
            f"{name}; all submissions wait at the start",
            float(low),
            float(high),
            f"{BAND:.0%} of {len(values)} replays",
        )

    return Scenario(
        name=name,
        days=banded([one.makespan_h / 24 for one in replays], "days"),
        gpu_hours=banded([one.gpu_hours for one in replays], "GPU h"),
        lost_share=banded(
            [one.lost_hours / one.gpu_hours for one in replays], "share of the paid hours"
        ),
        utilisation=banded([one.utilisation for one in replays], "share of GPU time"),
    )
