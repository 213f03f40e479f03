"""Renders started at once: how long they waited, as measured and as simulated."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from mythmeter.answers.at_once.simulate import chain_of, inside_band, services_of, simulate_batch
from mythmeter.answers.at_once.waiting import render_waits, start_overheads_s

SOURCE = "experiments/users.parquet"


@dataclass(frozen=True)
class BatchWait:
    """A batch of k renders."""

    batch: int
    """k."""
    gpus: int
    cores: int
    makespan_s: float
    """From the first job's start to the end of the last render."""
    finish_s: float
    """When the render that waited longest was finished."""
    waiting_s: float
    """How much of that it waited for a core or a GPU slot."""
    alone_s: float
    """Median critical path of a render: what it takes where nothing waits."""
    total_waiting_s: float
    """Summed over the renders."""
    low_s: float | None
    """Of the simulated 90 % band of `makespan_s`."""
    high_s: float | None
    inside: bool
    """Whether the measured total waiting lies in its simulated band."""
    sentence: str
    """The same in words, with the band."""


def batch_waits(users: pd.DataFrame) -> list[BatchWait]:
    """Measure and simulate every batch of the experiment on users.

    The simulation draws the wall times of its jobs from those measured in the same batch, because
    jobs that run beside others on shared cores take longer than alone; what it predicts is the
    waiting. The seconds to start a job come from all batches.

    Args:
        users: rows of `experiments/users.parquet`, a job each.

    Returns:
        A batch each, the smallest first.
    """
    batches = {int(k): as_usage(rows) for k, rows in users.groupby("batch")}
    cores, gpus = int(users["logical_cores"].iloc[0]), int(users["gpus"].iloc[0])
    overheads = [
        seconds
        for usage in batches.values()
        for seconds in start_overheads_s(usage, cores=cores, gpus=gpus)
    ]
    return [_batch(k, usage, overheads, cores, gpus) for k, usage in sorted(batches.items())]


def _batch(
    k: int, usage: pd.DataFrame, overheads: Sequence[float], cores: int, gpus: int
) -> BatchWait:
    usual_s = float(pd.Series(overheads, dtype=float).median()) if overheads else 0.0
    waits = render_waits(usage, overhead_s=usual_s)
    longest = waits.loc[waits["waiting_s"].idxmax()]
    total_s = float(waits["waiting_s"].sum())
    simulated = simulate_batch(
        chain_of(usage),
        services_of([usage]),
        k,
        cores=cores,
        gpus=gpus,
        overheads_s=overheads,
        source=SOURCE,
    )
    renders = "1 render" if k == 1 else f"{k} renders"
    inside, sentence = inside_band(
        total_s, simulated.waiting_s, f"the waiting of {renders} together"
    )
    return BatchWait(
        batch=k,
        gpus=gpus,
        cores=cores,
        makespan_s=float(waits["finish_s"].max()),
        finish_s=float(longest["finish_s"]),
        waiting_s=float(longest["waiting_s"]),
        alone_s=float(waits["alone_s"].median()),
        total_waiting_s=total_s,
        low_s=simulated.makespan_s.low,
        high_s=simulated.makespan_s.high,
        inside=inside,
        sentence=sentence,
    )


def as_usage(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs of a batch as rows of a usage table, a phase each."""
    return pd.DataFrame(
        {
            "job": rows["job"],
            "rule": rows["rule"],
            "started_at": pd.Timestamp(0, tz="UTC") + pd.to_timedelta(rows["start_s"], unit="s"),
            "start_s": 0.0,
            "job_wall_s": rows["end_s"] - rows["start_s"],
            "threads": rows["threads"],
            "gpu_granted": rows["gpu"],
            "wildcards": [json.dumps({"render": render}) for render in rows["render"]],
        }
    )
