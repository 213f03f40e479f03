"""How long renders that were submitted at once waited, out of the usage table of a run.

A job of a run is ready when the last of its predecessors has ended, and waits until it starts: for
a GPU slot, for a core, and for Snakemake to start it. A render's waiting is what its finish lies
after the end of the longest chain of jobs behind it, had each started at once.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from mythmeter.answers.job_graph import (
    WALK,
    Sheet,
    ancestors,
    chain_s,
    jobs_of,
    link,
    ready_s,
)
from mythmeter.errors import AnswerError

LAST = "verify_render"
"""The rule after which a render is finished."""


def render_waits(
    usage: pd.DataFrame,
    *,
    walk: Mapping[str, Sequence[str]] = WALK,
    sheet: Sheet | None = None,
    overhead_s: float = 0.0,
    last: str = LAST,
) -> pd.DataFrame:
    """Return how long each render of a run took and waited; all count from the run's first job.

    Args:
        usage: see `jobs_of`: one run in which all renders were submitted at once.
        walk, sheet: see `link`.
        overhead_s: seconds to start a job, from `start_overheads_s`; counted as part of the alone
            time, so that what is left is waiting for a core or a GPU.
        last: the rule that finishes a render.

    Returns:
        A row per render, by finish: `render`, `finish_s` (end of its last job), `alone_s` (its
        critical path), `waiting_s` (their difference, 0 at least), `jobs`, `unit`, `n`, `source`.

    Raises:
        AnswerError: no render was finished, or as in `jobs_of` and `link`.
    """
    jobs = jobs_of(usage)
    links = link(jobs, walk, sheet)
    alone = chain_s(jobs, links, overhead_s)
    rows = [
        {
            "render": jobs.at[job, "wildcards"]["render"],
            "finish_s": jobs.at[job, "end_s"],
            # The overhead of the first job lies before the clock starts.
            "alone_s": alone[str(job)] - overhead_s,
            "waiting_s": max(0.0, jobs.at[job, "end_s"] - alone[str(job)] + overhead_s),
            "jobs": len(ancestors(links, str(job))) + 1,
            "unit": "s",
            "n": 1,
            "source": "usage.parquet",
        }
        for job in jobs.index[jobs["rule"] == last]
    ]
    if not rows:
        raise AnswerError(f"No render was finished: the usage table has no job of rule {last}.")
    return pd.DataFrame(rows).sort_values("finish_s", ignore_index=True)


def gpu_waits(
    usage: pd.DataFrame,
    *,
    walk: Mapping[str, Sequence[str]] = WALK,
    sheet: Sheet | None = None,
) -> pd.DataFrame:
    """Return when each job that holds a GPU was ready, when it started, and what it waited.

    Returns:
        A row per job, by start: `job`, `rule`, `render` (None where it serves several), `ready_s`
        (end of its last predecessor; 0 without one), `start_s`, `wait_s`, `wall_s`, `gpus`,
        `unit`, `n`, `source`. Starting a job takes Snakemake a second or so, which `wait_s` holds.
    """
    jobs = jobs_of(usage)
    ready = ready_s(jobs, link(jobs, walk, sheet))
    table = jobs.assign(ready_s=ready)[jobs["gpus"] > 0].reset_index()
    table["render"] = [given.get("render") for given in table["wildcards"]]
    table["wait_s"] = (table["start_s"] - table["ready_s"]).clip(lower=0)
    table = table.assign(unit="s", n=1, source="usage.parquet")
    columns = ["job", "rule", "render", "ready_s", "start_s", "wait_s", "wall_s", "gpus"]
    return table[[*columns, "unit", "n", "source"]]


def start_overheads_s(
    usage: pd.DataFrame,
    *,
    cores: int,
    gpus: int,
    walk: Mapping[str, Sequence[str]] = WALK,
    sheet: Sheet | None = None,
) -> list[float]:
    """Return what starting a job took where neither core nor GPU was lacking: seconds, one a job.

    Counted are the jobs that had predecessors and for which, from ready to start, threads and GPUs
    were free beside all jobs that ran. The run of a single render has most of them.
    """
    jobs = jobs_of(usage)
    ready = ready_s(jobs, link(jobs, walk, sheet))
    found = []
    for job in jobs.index[ready > 0]:
        since, start = ready[job], jobs.at[job, "start_s"]
        others = jobs.drop(index=job)
        beside = others[(others["start_s"] < start) & (others["end_s"] > since)]
        if (
            start >= since
            and beside["threads"].sum() + jobs.at[job, "threads"] <= cores
            and beside["gpus"].sum() + jobs.at[job, "gpus"] <= gpus
        ):
            found.append(float(start - since))
    return found
