"""One simulated run of jobs that share cores and GPU slots, event by event (simpy)."""

import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TICK_S = 1e-9
"""After so long it is looked which jobs may start: far below what results are rounded to."""


@dataclass(frozen=True)
class BatchJob:
    """A job of the chain of one render."""

    name: str
    service: str
    """Under which name its measured wall times are kept."""
    per_render: bool
    """False: done once for all renders (a person's voice, a clip's faces)."""
    threads: int
    gpus: int
    after: tuple[str, ...]
    finishes: bool
    """Whether the render is finished when this job is."""


@dataclass(frozen=True)
class Copy:
    """One of the copies of a job; its place in the list is its name."""

    job: BatchJob
    after: tuple[int, ...]


def copies(chain: Sequence[BatchJob], renders: int) -> list[Copy]:
    """The chain for every render, and what they share once; each after its predecessors."""
    places: dict[tuple[str, int], int] = {}
    jobs: list[Copy] = []
    for job in chain:
        for render in range(renders if job.per_render else 1):
            after = [places.get((name, render), places.get((name, 0))) for name in job.after]
            places[job.name, render] = len(jobs)
            jobs.append(Copy(job, tuple(place for place in after if place is not None)))
    return jobs


def run_once(
    jobs: Sequence[Copy],
    services: Mapping[str, Sequence[float]],
    cores: int,
    gpus: int,
    overheads_s: Sequence[float],
    rng: random.Random,
) -> tuple[float, float]:
    """One simulated run: makespan and total waiting, both from the first job's start."""
    import simpy

    env = simpy.Environment()
    done = [env.event() for _ in jobs]
    service_s = [rng.choice(services[copy.job.service]) for copy in jobs]
    starts, ends = [0.0] * len(jobs), [0.0] * len(jobs)
    free = {"cores": cores, "gpus": gpus}
    queue: list[tuple[float, int, int, Any]] = []

    def dispatch() -> None:
        for entry in sorted(queue, key=lambda waiting: waiting[0]):
            _, threads, held, may_start = entry
            if threads <= free["cores"] and held <= free["gpus"]:
                free["cores"] -= threads
                free["gpus"] -= held
                queue.remove(entry)
                may_start.succeed()

    def look() -> Any:
        # Not at once: all that becomes ready at this moment is looked at together.
        yield env.timeout(TICK_S)
        dispatch()

    def work(place: int) -> Any:
        copy = jobs[place]
        yield env.all_of([done[other] for other in copy.after])
        threads, held = min(copy.job.threads, cores), min(copy.job.gpus, gpus)
        may_start = env.event()
        queue.append((rng.random(), threads, held, may_start))
        env.process(look())
        yield may_start
        yield env.timeout(rng.choice(overheads_s))
        starts[place] = env.now
        yield env.timeout(service_s[place])
        ends[place] = env.now
        free["cores"] += threads
        free["gpus"] += held
        done[place].succeed()
        env.process(look())

    for place in range(len(jobs)):
        env.process(work(place))
    env.run()
    begun, usual_s = min(starts), statistics.median(overheads_s)
    alone: list[float] = []
    waiting = 0.0
    for place, copy in enumerate(jobs):
        before = max((alone[other] for other in copy.after), default=-usual_s)
        alone.append(before + usual_s + service_s[place])
        if copy.job.finishes:
            waiting += max(0.0, ends[place] - begun - alone[place])
    finishes = [ends[place] for place, copy in enumerate(jobs) if copy.job.finishes]
    return round(max(finishes) - begun, 3), round(waiting, 3)
