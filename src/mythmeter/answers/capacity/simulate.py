"""Waiting before k GPUs, simulated: videos arrive at random, service times are the measured ones.

First come, first served, each video on one GPU from start to end: the recursion of Kiefer and
Wolfowitz (1955) over a heap of the times at which GPUs come free. One run of 20,000 videos takes
some 10 ms; an event-by-event simulator would take a hundred times as long and find the same.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mythmeter.answers.capacity.demand import Target, check_service
from mythmeter.answers.capacity.erlang import gpus_needed
from mythmeter.answers.sample import minimum_n
from mythmeter.errors import AnswerError

RUNS = 20
"""Runs behind a 90 % band: one run lies beyond each end."""
PLAIN_RUNS = 5
"""Runs behind the answer itself, which takes the measured times as they are."""
VIDEOS = 20_000
WARM_UP = 0.2
"""Share of the videos at the start that are left out: the queue begins empty."""


@dataclass(frozen=True)
class Draw:
    """One run's arrivals and service times, the same whatever the number of GPUs."""

    arrives_s: NDArray[np.float64]
    service_s: NDArray[np.float64]

    @property
    def load(self) -> float:
        """Erlangs that this run offers."""
        return float(self.service_s.sum() / self.arrives_s[-1])


def draw(
    arrivals_per_s: float,
    service_s: NDArray[np.float64],
    seed: int,
    videos: int = VIDEOS,
    *,
    resampled: bool = False,
) -> Draw:
    """Draw one run: exponential gaps, and service times out of the measured ones.

    With `resampled` the measured times are first replaced by a bootstrap sample of themselves, so
    that runs differ by how well the times are known, and not only by chance in the queue.
    """
    check_service(service_s)
    rng = np.random.default_rng(seed)
    known = rng.choice(service_s, service_s.size) if resampled else service_s
    gaps = rng.exponential(1 / arrivals_per_s, videos)
    return Draw(np.cumsum(gaps), rng.choice(known, videos))


def waits_s(run: Draw, servers: int, warm_up: float = WARM_UP) -> NDArray[np.float64]:
    """Return the seconds that each video of a run waits before `servers` GPUs, without warm-up."""
    free = [0.0] * servers
    waits = []
    for arrives, service in zip(run.arrives_s.tolist(), run.service_s.tolist(), strict=True):
        starts = free[0] if free[0] > arrives else arrives
        waits.append(starts - arrives)
        heapq.heapreplace(free, starts + service)
    return np.array(waits[int(len(waits) * warm_up) :])


def gpus_for_run(run: Draw, target: Target) -> int:
    """Return the fewest GPUs with which one run meets the target.

    Raises:
        AnswerError: the run is too short for the percentile.
    """
    mean_s = float(run.service_s.mean())
    cs2 = float(run.service_s.var() / mean_s**2)
    servers = gpus_needed(run.load / mean_s, mean_s, target.wait_s, target.percentile, cs2)
    if _meets(run, servers, target):
        while servers > 1 and _meets(run, servers - 1, target):
            servers -= 1
        return servers
    while not _meets(run, servers, target):
        servers += 1
    return servers


def wait_of_run(run: Draw, servers: int, percentile: float) -> float:
    """Return a percentile of a run's waits in seconds.

    Raises:
        AnswerError: fewer waits than the percentile needs.
    """
    waits = waits_s(run, servers)
    if waits.size < minimum_n(percentile):
        raise AnswerError(
            f"{waits.size} simulated videos are too few: p{percentile:g} needs "
            f"{minimum_n(percentile)} after the warm-up."
        )
    return float(np.percentile(waits, percentile))


def _meets(run: Draw, servers: int, target: Target) -> bool:
    return wait_of_run(run, servers, target.percentile) <= target.wait_s
