"""Renders submitted at once, simulated: chains of jobs that share cores and GPU slots (simpy)."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from mythmeter.answers.at_once.simulated_run import BatchJob, copies, run_once
from mythmeter.answers.at_once.waiting import LAST
from mythmeter.answers.job_graph import WALK, Sheet, jobs_of, link, order_of
from mythmeter.answers.quantity import Quantity
from mythmeter.errors import AnswerError

BAND = 0.90
RUNS = 200


@dataclass(frozen=True)
class Batch:
    """What the simulation says of k renders submitted at once, each with its 90 % band."""

    renders: int
    makespan_s: Quantity
    """From the first job's start to the last render's finish."""
    waiting_s: Quantity
    """Sum over the renders of finish minus critical path."""


def chain_of(
    usage: pd.DataFrame,
    *,
    walk: Mapping[str, Sequence[str]] = WALK,
    sheet: Sheet | None = None,
    last: str = LAST,
) -> list[BatchJob]:
    """Return the jobs behind (and after) one render of a run, to be simulated many times.

    Args:
        usage: the table of a run; see `jobs_of`. Of several renders the first by name is taken.
        walk, sheet: see `link`.
        last: the rule that finishes a render.

    Raises:
        AnswerError: no render was finished.
    """
    jobs = jobs_of(usage)
    links = link(jobs, walk, sheet)
    renders = sorted(w["render"] for w in jobs.loc[jobs["rule"] == last, "wildcards"])
    if not renders:
        raise AnswerError(f"No render was finished: the usage table has no job of rule {last}.")
    mine = [
        str(job)
        for job in jobs.index
        if jobs.at[job, "wildcards"].get("render", renders[0]) == renders[0]
        and (sheet is None or _serves(jobs.at[job, "wildcards"], sheet[renders[0]]))
    ]
    return [
        BatchJob(
            name=job,
            service=_service(job, jobs.loc[job]),
            per_render="render" in jobs.at[job, "wildcards"],
            threads=int(jobs.at[job, "threads"]),
            gpus=int(jobs.at[job, "gpus"]),
            after=links[job],
            finishes=jobs.at[job, "rule"] == last,
        )
        for job in order_of(links)
        if job in mine
    ]


def services_of(tables: Iterable[pd.DataFrame]) -> dict[str, list[float]]:
    """Return the measured wall seconds to draw from: by rule, and by job where renders share it.

    Args:
        tables: usage tables of one or more runs. Runs of a single render say what a job takes
            where no other runs beside it; those of many hold what cores lose to one another.
    """
    found: dict[str, list[float]] = {}
    for usage in tables:
        jobs = jobs_of(usage)
        for job in jobs.index:
            name = _service(str(job), jobs.loc[job])
            found.setdefault(name, []).append(float(jobs.at[job, "wall_s"]))
    return found


def simulate_batch(
    chain: Sequence[BatchJob],
    services: Mapping[str, Sequence[float]],
    renders: int,
    *,
    cores: int,
    gpus: int,
    overheads_s: Sequence[float] = (),
    runs: int = RUNS,
    seed: int = 0,
    source: str = "usage.parquet",
    scope: str = "",
) -> Batch:
    """Simulate `renders` copies of a chain submitted at once on one machine.

    A job that is ready starts as soon as its threads and GPUs are free, whatever else is waiting,
    as Snakemake's scheduler does; which of several goes first is left to chance, because it does
    not say. It holds what it asked for while it is being started, too. As there, a job that asks
    for more than the machine has gets what it has.

    Args:
        chain: from `chain_of`.
        services: from `services_of`; each job draws one of its measured wall times.
        renders: how many are submitted.
        cores, gpus: of the machine, as given to Snakemake.
        overheads_s: measured seconds to start a job, from `start_overheads_s`; each job draws one.
            Empty: none.
        runs: simulated runs behind the band.
        seed: of the first run.
        source, scope: printed with the numbers.

    Returns:
        Medians over the runs with their 90 % band; `n` is the smallest number of measured times
        of any job. Waiting is counted as in `render_waits`, with the median overhead.

    Raises:
        AnswerError: fewer than one render, core or run, a job that needs a GPU where there is
            none, or a job that was never measured.
    """
    _check(chain, services, renders, cores, gpus, runs)
    jobs = copies(chain, renders)
    found = [
        run_once(jobs, services, cores, gpus, list(overheads_s) or [0.0], random.Random(seed + run))
        for run in range(runs)
    ]
    n = min(len(services[job.service]) for job in chain)

    def banded(values: Sequence[float]) -> Quantity:
        tail = (1 - BAND) / 2
        low, middle, high = (float(q) for q in np.quantile(values, [tail, 0.5, 1 - tail]))
        return Quantity(
            middle,
            "s",
            n,
            source,
            scope,
            low=low,
            high=high,
            spread=f"{BAND:.0%} band of {runs} simulated runs",
            reason="n = 1: a job measured once never varies here" if n == 1 else None,
        )

    makespans, waits = zip(*found, strict=True)
    return Batch(renders, banded(makespans), banded(waits))


def batch_table(batches: Iterable[Batch]) -> pd.DataFrame:
    """Return batches as a tidy table: `renders`, `metric`, and the fields of Quantity."""
    return pd.DataFrame(
        [
            {"renders": batch.renders, "metric": metric, **asdict(getattr(batch, metric))}
            for batch in batches
            for metric in ("makespan_s", "waiting_s")
        ]
    )


def inside_band(measured: float, band: Quantity, what: str = "the waiting") -> tuple[bool, str]:
    """Say whether a measured value lies in a simulated band, in a sentence for the page.

    Args:
        measured: in the band's unit.
        band: with `low` and `high`.
        what: what was measured: `the waiting of 4 renders`.
    """
    if band.value is None or band.low is None or band.high is None:
        reason = band.reason or "it has no spread"
        return False, f"Whether {what} is as simulated cannot be said: {reason}."
    unit, shown = band.unit, f"{band.low:.1f} to {band.high:.1f} {band.unit}"
    inside = band.low <= measured <= band.high
    if inside:
        return True, (
            f"Measured, {what} was {measured:.1f} {unit}, inside the {band.spread} ({shown})."
        )
    side = "below" if measured < band.low else "above"
    return False, (
        f"Measured, {what} was {measured:.1f} {unit}, {side} the {band.spread} ({shown}): the "
        "simulation does not describe this machine, and the measured figure counts."
    )


def _check(
    chain: Sequence[BatchJob],
    services: Mapping[str, Sequence[float]],
    renders: int,
    cores: int,
    gpus: int,
    runs: int,
) -> None:
    for name, value in (("renders", renders), ("cores", cores), ("runs", runs)):
        if value < 1:
            raise AnswerError(f"{name} is {value}; it must be at least 1.")
    for job in chain:
        if job.gpus and gpus < 1:
            raise AnswerError(f"{job.name} holds a GPU slot, and none is given: gpus={gpus}.")
        if not services.get(job.service):
            raise AnswerError(f"{job.service} was never measured, so it cannot be simulated.")


def _service(job: str, row: pd.Series) -> str:
    return str(row["rule"]) if "render" in row["wildcards"] else job


def _serves(given: Mapping[str, str], person_and_footage: tuple[str, str]) -> bool:
    person, footage = person_and_footage
    clip = given.get("clip", footage)
    return given.get("person", person) == person and (
        clip == footage or clip.startswith(f"{person}.")
    )
