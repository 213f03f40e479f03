"""Kills a run by plan: one of its jobs, Snakemake alone, or everything at once."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from torturing.jobs import (
    Work,
    is_alive,
    jobs_of,
    kill_tree,
    left_behind,
    outputs_of,
    partial_files,
    writing,
)
from torturing.plan import Strike

START_S, WRITING_S, AFTER_S = 1.0, 0.05, 0.3
"""How long the moments of these names last; the middle depends on the rule."""
START, MIDDLE = 0.2, (0.2, 0.9)
"""Parts of the time that the rule took undisturbed."""
UNKNOWN_S = 4.0
POLL_S, JOBS_S = 0.01, 0.25
MISSES = 2


@dataclass(frozen=True)
class Kill:
    """What was killed, and when."""

    number: int
    target: str
    """`job`; `snakemake`; `everything`."""
    rule: str
    """Of the job that ran then, also where Snakemake was killed."""
    moment: str
    after_s: float
    """Seconds since that job was seen."""
    half: int
    """Files of it that were half-written when it was struck."""


@dataclass
class Armed:
    """A job that is to be struck when its moment comes."""

    process: psutil.Process
    strike: Strike
    moment: str
    since_s: float
    outputs: tuple[Path, ...] = ()
    before: frozenset[Path] = frozenset()
    """Files that lay there when the job began: what a killed one left."""
    due_s: float | None = None


@dataclass
class Killer:
    """Carries out a plan."""

    plan: Iterable[Strike]
    work: Work = field(default_factory=Work)
    log: Path | None = None
    """JSON lines, one a kill: where a torture that was stopped goes on."""
    kills: list[Kill] = field(default_factory=list)
    _queues: dict[str, list[Strike]] = field(default_factory=dict)
    _misses: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self.log is not None and self.log.is_file():
            self.kills = [Kill(**json.loads(line)) for line in self.log.read_text().splitlines()]
        done = {kill.number for kill in self.kills}
        for strike in self.plan:
            if strike.number not in done:
                self._queues.setdefault(strike.rule, []).append(strike)

    def pending(self) -> list[str]:
        """Rules that are still to be struck."""
        return sorted(rule for rule, queue in self._queues.items() if queue)

    def counts(self) -> Counter[str]:
        """Kills of each rule so far."""
        return Counter(kill.rule for kill in self.kills)

    def attend(self, run: "subprocess.Popen[bytes]") -> None:
        """Watch a run until it ends, striking its jobs as the plan says."""
        armed: dict[int, Armed] = {}
        met: set[int] = set()
        looked_s = 0.0
        while run.poll() is None:
            now = time.monotonic()
            if now - looked_s >= JOBS_S:
                looked_s = now
                self._arm(run, armed, met)
            for job in list(armed.values()):
                if self._is_due(job):
                    del armed[job.process.pid]
                    self._strike(run, job)
                elif not is_alive(job.process) and not self._outlives(job):
                    del armed[job.process.pid]
                    self._miss(job)
            time.sleep(POLL_S if armed else JOBS_S)
        for job in armed.values():
            self._queues[job.strike.rule].insert(0, job.strike)

    def _arm(self, run: "subprocess.Popen[bytes]", armed: dict[int, Armed], met: set[int]) -> None:
        for process, rule in dict(jobs_of(run.pid)).items():
            if process.pid in met:
                continue
            met.add(process.pid)
            if queue := self._queues.get(rule):
                strike = queue.pop(0)
                late = self._misses[strike.number] >= MISSES
                moment = "start" if late else strike.moment
                armed[process.pid] = Armed(process, strike, moment, time.monotonic())

    def _miss(self, job: Armed) -> None:
        """The job ended before its moment: another time, and in the end at its start."""
        self._misses[job.strike.number] += 1
        self._queues[job.strike.rule].append(job.strike)

    def _outlives(self, job: Armed) -> bool:
        """Whether the strike may come although the job has left: it is just after its work."""
        return job.moment == "after" and job.due_s is not None and job.strike.target != "job"

    def _is_due(self, job: Armed) -> bool:
        now, share = time.monotonic(), job.strike.share
        if not job.outputs:
            job.outputs = outputs_of(job.process, self.work)
            job.before = frozenset(left_behind(job.outputs))
        if job.due_s is None:
            if job.moment == "start":
                job.due_s = job.since_s + min(START_S, START * self._lasts_s(job)) * share
            elif job.moment == "middle":
                least, most = MIDDLE
                part = (least + (most - least) * share) / 2 ** self._misses[job.strike.number]
                job.due_s = job.since_s + part * self._lasts_s(job)
            else:
                job.due_s = self._seen_writing(job, now)
        return job.due_s is not None and now >= job.due_s

    def _lasts_s(self, job: Armed) -> float:
        return self.work.seconds.get(job.strike.rule, UNKNOWN_S)

    def _seen_writing(self, job: Armed, now: float) -> float | None:
        """When to strike a job that is to be struck by what it writes; None: not yet."""
        if not job.outputs:
            return None
        if job.moment == "writing":
            begun = writing(job.outputs) - job.before
            return now + WRITING_S * job.strike.share if begun else None
        if not all(path.is_file() for path in job.outputs):
            return None
        # A job that is to die with its work done must be struck before it leaves.
        return now if job.strike.target == "job" else now + AFTER_S * job.strike.share

    def _strike(self, run: "subprocess.Popen[bytes]", job: Armed) -> None:
        if run.poll() is not None or not (is_alive(job.process) or self._outlives(job)):
            self._miss(job)
            return
        half = len(partial_files(job.outputs) - job.before)
        with suppress(psutil.NoSuchProcess):
            if job.strike.target == "job":
                job.process.kill()
            elif job.strike.target == "snakemake":
                run.kill()
            else:
                kill_tree(run.pid)
        kill = Kill(
            job.strike.number,
            job.strike.target,
            job.strike.rule,
            job.moment,
            round(time.monotonic() - job.since_s, 2),
            half,
        )
        self.kills.append(kill)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(json.dumps(asdict(kill)) + "\n")


def stop(run: "subprocess.Popen[bytes]", sent: signal.Signals) -> None:
    """Send a signal to a whole run, as a scheduler does."""
    with suppress(ProcessLookupError):
        os.killpg(run.pid, sent)
