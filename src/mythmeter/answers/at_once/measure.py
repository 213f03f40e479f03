"""Rules measure_batch and measure_users: k renders started at once, and how long jobs waited.

A job is *ready* when the last job whose files it reads has ended, or at the start of the batch. It
*starts* when its process begins. The time between is its wait: for a GPU slot, for a core, and for
the dispatch itself, which a batch of one render shows alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.answers.job_graph import WALK
from mythmeter.answers.stages import stage_of
from mythmeter.answers.tables import write_table
from mythmeter.atomic import replacing
from mythmeter.errors import AnswerError
from mythmeter.usage.table import read_records

COLUMNS = (
    "batch",
    "render",
    "rule",
    "job",
    "stage",
    "ready_s",
    "start_s",
    "end_s",
    "wait_s",
    "gpu",
    "threads",
    "gpus",
    "render_finish_s",
    "device",
    "processor",
    "logical_cores",
    "n",
    "source",
)


def measure_batch(
    records: Sequence[Path],
    shared: Sequence[Path],
    *,
    batch: int,
    gpus: int,
    source: str,
    parquet: Path,
    csv: Path,
    jobs: Path,
) -> None:
    """Write the table of one batch, and the usage records that it comes from.

    Args:
        records: usage records of the jobs of its renders.
        shared: usage records of what all batches share; it must have ended before.
        batch: how many renders were started at once.
        gpus: how many GPU slots there were.
        source: what reproduces the table.
        parquet, csv: written.
        jobs: written too: the records of the batch as one usage table, for simulation.
    """
    usage = read_records(records)
    table = batch_table(usage, read_records(shared), batch=batch, gpus=gpus, source=source)
    with replacing(jobs) as partial:
        usage.to_parquet(partial, index=False)
    write_table(table, parquet, csv)


def measure_users(batches: Sequence[Path], parquet: Path, csv: Path) -> None:
    """Write the tables of all batches as one, the smallest batch first."""
    if not batches:
        raise AnswerError(
            "There is no batch to put together: the sheet has no rows users-<k>-<i>. Give "
            "--configfile config/experiments/users.yaml."
        )
    tables = [pd.read_parquet(path) for path in batches]
    tables.sort(key=lambda table: int(table["batch"].iloc[0]))
    write_table(pd.concat(tables, ignore_index=True), parquet, csv)


def batch_table(
    usage: pd.DataFrame, shared: pd.DataFrame, *, batch: int, gpus: int, source: str
) -> pd.DataFrame:
    """Return a row a job, in order of start; seconds count from the start of the first job.

    Raises:
        AnswerError: not `batch` renders; records that do not say when their process began; shared
            work that ran beside the batch; more GPU slots held at once than there were.
    """
    if usage["process_started_at"].isna().any():
        raise AnswerError(
            "A usage record does not say when its process began: it is from an older Mythmeter. "
            "Delete the renders of the experiment and run it again."
        )
    jobs = pd.DataFrame(_jobs(usage))
    found = jobs["render"].nunique()
    if found != batch:
        raise AnswerError(f"A batch of {batch} renders has records of {found}.")
    began = jobs["start_s"].min()
    last_shared = max(_end_s(first) for _, first in shared.drop_duplicates("job").iterrows())
    if last_shared > began:
        raise AnswerError(
            f"Batch {batch}: work that all renders share ended {last_shared - began:.1f} s after "
            "the first job began, so the waits are not the batch's own. Make the rule share_work "
            "first, delete the batch's renders, and run it again."
        )
    jobs[["start_s", "end_s"]] -= began
    jobs["ready_s"] = [_ready_s(job, jobs) for job in jobs.to_dict("records")]
    jobs["wait_s"] = (jobs["start_s"] - jobs["ready_s"]).clip(lower=0)
    jobs["render_finish_s"] = jobs.groupby("render")["end_s"].transform("max")
    _refuse_more_slots(jobs, batch, gpus)
    jobs = jobs.assign(batch=batch, gpus=gpus, n=1, source=source)
    return jobs.sort_values(["start_s", "job"], ignore_index=True)[list(COLUMNS)]


def _jobs(usage: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield each job, its times in seconds since the epoch."""
    for name, phases in usage.groupby("job", sort=False):
        first = phases.iloc[0]
        wildcards = json.loads(first["wildcards"])
        yield {
            "job": name,
            "rule": first["rule"],
            "stage": stage_of(first["rule"]),
            "render": wildcards.get("render"),
            "chunk": wildcards.get("scatteritem"),
            "start_s": first["process_started_at"].timestamp(),
            "end_s": _end_s(first),
            "gpu": int(first["gpu_granted"]),
            "threads": int(first["threads"]),
            "device": first["device"],
            "processor": first["processor"],
            "logical_cores": int(first["logical_cores"]),
        }


def _end_s(phase: Any) -> float:
    """When the job of a phase ended, in seconds since the epoch."""
    began = phase["started_at"] - pd.to_timedelta(phase["start_s"], unit="s")
    return float(began.timestamp()) + float(phase["job_wall_s"])


def _ready_s(job: Mapping[str, Any], jobs: pd.DataFrame) -> float:
    """When the last job ended whose files this one reads; 0 where it reads shared files alone."""
    before = jobs[(jobs["render"] == job["render"]) & jobs["rule"].isin(WALK[job["rule"]])]
    if isinstance(job["chunk"], str):  # a missing one comes out of the table as NaN
        before = before[before["chunk"].isna() | (before["chunk"] == job["chunk"])]
    return float(before["end_s"].max()) if len(before) else 0.0


def _refuse_more_slots(jobs: pd.DataFrame, batch: int, gpus: int) -> None:
    changes = [(job.start_s, job.gpu) for job in jobs.itertuples()]
    changes += [(job.end_s, -job.gpu) for job in jobs.itertuples()]
    held = most = 0
    for _, change in sorted(changes):
        held += change
        most = max(most, held)
    if most > gpus:
        raise AnswerError(
            f"Batch {batch}: {most} GPU slots were held at once, and experiments.users.gpus is "
            f"{gpus}. Run it with --resources gpu={gpus}."
        )
