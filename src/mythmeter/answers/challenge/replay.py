"""A batch of scoring jobs replayed in simulated time, on GPUs that may be taken away (simpy).

The detection challenge is the case it was written for: 4,200 submissions of about nine GPU hours,
85 GPUs. Durations are drawn, spot instances are interrupted by chance, and a job goes on from its
last checkpoint or from the start. Every figure is an argument: nothing here knows a price.
"""

import math
import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import simpy

from mythmeter.errors import AnswerError


@dataclass(frozen=True)
class ScoringBatch:
    """What is scored, and on what."""

    jobs: int
    hours_each: float
    """Mean GPU hours of a job that is not interrupted."""
    spread: float
    """Standard deviation of a job's hours over their mean; 0: all alike."""
    gpus: int
    success: float
    """Share of the jobs that succeed, 0–1; a failing one takes its hours all the same."""
    interruptions_per_hour: float
    """Of one GPU, at random (Poisson); 0: on demand."""
    checkpoint_h: float | None
    """Hours between checkpoints; None: an interrupted job begins again."""
    restart_h: float
    """Hours until an interrupted GPU is replaced and its job goes on."""
    usd_per_hour: float
    submitted_over_h: float = 0.0
    """Jobs come in evenly over so many hours; 0: all at once."""


@dataclass(frozen=True)
class Replay:
    """What one replay came to."""

    makespan_h: float
    gpu_hours: float
    """Paid: useful and lost work, without the waiting for a replacement."""
    lost_hours: float
    """Work done twice because of interruptions."""
    interruptions: int
    succeeded: int
    usd: float
    usd_per_success: float | None
    """None where nothing succeeded."""
    utilisation: float
    """Paid GPU hours over GPUs times makespan."""


def replay(batch: ScoringBatch, seed: int) -> Replay:
    """Run a batch once in simulated time.

    Raises:
        AnswerError: a figure makes no sense, or interruptions come so fast that no job can end.
    """
    _check(batch)
    chance = random.Random(seed)
    clock = simpy.Environment()
    gpus = simpy.Resource(clock, capacity=batch.gpus)
    tally = _Tally()
    for number in range(batch.jobs):
        comes_h = batch.submitted_over_h * number / batch.jobs
        clock.process(_job(clock, gpus, batch, chance, tally, comes_h))
    clock.run()
    usd = tally.paid_h * batch.usd_per_hour
    return Replay(
        makespan_h=tally.end_h,
        gpu_hours=tally.paid_h,
        lost_hours=tally.lost_h,
        interruptions=tally.interruptions,
        succeeded=tally.succeeded,
        usd=usd,
        usd_per_success=usd / tally.succeeded if tally.succeeded else None,
        utilisation=tally.paid_h / (batch.gpus * tally.end_h),
    )


@dataclass
class _Tally:
    end_h: float = 0.0
    paid_h: float = 0.0
    lost_h: float = 0.0
    interruptions: int = 0
    succeeded: int = 0


def _job(
    clock: simpy.Environment,
    gpus: simpy.Resource,
    batch: ScoringBatch,
    chance: random.Random,
    tally: _Tally,
    comes_h: float,
) -> Generator[Any, Any, None]:
    whole_h = _hours(batch, chance)
    succeeds = chance.random() < batch.success
    yield clock.timeout(comes_h)
    with gpus.request() as granted:
        yield granted
        left_h = whole_h
        while True:
            taken_h = _until_interrupted(batch, chance)
            if taken_h >= left_h:
                break
            yield clock.timeout(taken_h)
            kept_h = _kept(taken_h, batch.checkpoint_h)
            left_h -= kept_h
            tally.paid_h += taken_h
            tally.lost_h += taken_h - kept_h
            tally.interruptions += 1
            yield clock.timeout(batch.restart_h)
        yield clock.timeout(left_h)
        tally.paid_h += left_h
    tally.succeeded += succeeds
    tally.end_h = max(tally.end_h, clock.now)


def _hours(batch: ScoringBatch, chance: random.Random) -> float:
    """A job's hours: lognormal, because none takes less than no time and a few take very long."""
    if batch.spread == 0:
        return batch.hours_each
    variance = math.log1p(batch.spread**2)
    return chance.lognormvariate(math.log(batch.hours_each) - variance / 2, math.sqrt(variance))


def _until_interrupted(batch: ScoringBatch, chance: random.Random) -> float:
    rate = batch.interruptions_per_hour
    return chance.expovariate(rate) if rate else math.inf


def _kept(taken_h: float, checkpoint_h: float | None) -> float:
    """Hours of work that an interrupted job need not do again."""
    return 0.0 if checkpoint_h is None else math.floor(taken_h / checkpoint_h) * checkpoint_h


def _check(batch: ScoringBatch) -> None:
    for name in ("jobs", "gpus", "hours_each"):
        if getattr(batch, name) <= 0:
            raise AnswerError(f"{name} is {getattr(batch, name)}; a batch needs more than none.")
    for name in ("spread", "interruptions_per_hour", "restart_h", "usd_per_hour"):
        if not getattr(batch, name) >= 0:
            raise AnswerError(f"{name} is {getattr(batch, name)}; it cannot be below zero.")
    if not 0 <= batch.success <= 1:
        raise AnswerError(f"success is {batch.success}; it is a share, 0 to 1.")
    if batch.checkpoint_h is not None and batch.checkpoint_h <= 0:
        raise AnswerError(f"checkpoint_h is {batch.checkpoint_h}; None stands for no checkpoints.")
    # Chance of one step passing uninterrupted is exp(-rate * step): beyond 20 it is never seen.
    step_h = batch.hours_each if batch.checkpoint_h is None else batch.checkpoint_h
    if batch.interruptions_per_hour * step_h > 20:
        raise AnswerError(
            f"With {batch.interruptions_per_hour:g} interruptions an hour, {step_h:g} h of work "
            "between checkpoints never pass: save more often."
        )
