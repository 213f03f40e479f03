"""Kills a run: one of its jobs, Snakemake alone, or everything at once, at a seeded moment."""

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

JOB_SCRIPT = re.compile(r"/\.snakemake/scripts/tmp[^.]*\.(\w+)\.py$")
SPARED = {"fetch_model"}
"""Downloads are shared with the repository, and checked by their sha256."""
TARGETS = ("job", "snakemake", "everything")
POLL_S = 0.1


@dataclass(frozen=True)
class Kill:
    """What was killed, and when."""

    target: str
    """`job`; `snakemake`, whose jobs then run on as orphans; `everything`: as when power fails."""
    rule: str
    """Of the job that ran then, also where Snakemake was killed."""
    after_s: float
    """Seconds since that job was seen."""


@dataclass
class Killer:
    """Chooses whom to kill next, evenly over the rules, and how long to wait first."""

    seed: int
    share: tuple[float, float, float] = (0.8, 0.1, 0.1)
    """How often each of TARGETS is chosen."""
    longest_s: float = 12.0
    most_a_round: int = 10**6
    """Kills of one rule in a round: the others of it are to be struck too."""
    kills: list[Kill] = field(default_factory=list)
    _random: random.Random = field(init=False)
    _before: Counter[str] = field(default_factory=Counter)
    _seen_s: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def begin_round(self) -> None:
        """From here on, each rule may be struck as often as a round allows."""
        self._before = self.counts()

    def _may_strike(self, rule: str) -> bool:
        counts = self.counts()
        return rule not in SPARED and counts[rule] - self._before[rule] < self.most_a_round

    def counts(self) -> Counter[str]:
        """Kills of each rule so far."""
        return Counter(kill.rule for kill in self.kills)

    def attend(self, run: "subprocess.Popen[bytes]", budget: int) -> None:
        """Watch a run until it ends, killing at most `budget` times."""
        used = 0
        deadline: tuple[psutil.Process, str, float, float] | None = None
        met: set[int] = set()
        while run.poll() is None:
            jobs = dict(jobs_of(run.pid))
            if deadline is None and used < budget:
                fresh = {
                    process: rule
                    for process, rule in jobs.items()
                    if process.pid not in met and self._may_strike(rule)
                }
                if fresh:
                    counts = self.counts()
                    process = min(fresh, key=lambda p: (counts[fresh[p]], p.pid))
                    met.update(p.pid for p in fresh)
                    now = time.monotonic()
                    deadline = (
                        *(process, fresh[process], now),
                        now + self._wait_s(fresh[process]),
                    )
            if deadline is not None:
                process, rule, since, when = deadline
                if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                    self._seen_s[rule] = max(time.monotonic() - since, 0.2)
                    deadline = None
                elif time.monotonic() >= when:
                    used += self._strike(run, process, rule, time.monotonic() - since)
                    deadline = None
            time.sleep(POLL_S)

    def _wait_s(self, rule: str) -> float:
        """A moment anywhere in the time that the rule takes, as far as is known."""
        return self._random.uniform(0, min(self._seen_s.get(rule, 4.0), self.longest_s))

    def _strike(
        self, run: "subprocess.Popen[bytes]", process: psutil.Process, rule: str, after_s: float
    ) -> int:
        target = self._random.choices(TARGETS, self.share)[0]
        try:
            if target == "job":
                process.kill()
            elif target == "snakemake":
                run.kill()
            else:
                kill_tree(run.pid)
        except psutil.NoSuchProcess:
            return 0
        self.kills.append(Kill(target, rule, round(after_s, 2)))
        return 1


def jobs_of(pid: int) -> Iterable[tuple[psutil.Process, str]]:
    """Processes below a Snakemake that run a script, each with the name of its rule."""
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                rule = rule_of(process.cmdline())
                if rule:
                    yield process, rule


def rule_of(command: list[str]) -> str | None:
    """The rule whose script a command line runs."""
    found = (JOB_SCRIPT.search(argument) for argument in command)
    return next((match.group(1) for match in found if match), None)


def kill_tree(pid: int) -> None:
    """Kill a process and all below it, the parent first so that it reacts to nothing."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        below = parent.children(recursive=True)
        for process in [parent, *below]:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def wait_for_orphans(scripts: str, limit_s: float = 600.0) -> None:
    """Wait until no job runs any more whose script lies below a folder.

    Raises:
        TimeoutError: one is still there.
    """
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        alive = [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(argument.startswith(scripts) for argument in process.info["cmdline"] or [])
        ]
        if not alive:
            return
        time.sleep(0.2)
    raise TimeoutError(f"orphans of {scripts} are still running after {limit_s:.0f} s")


def stop(run: "subprocess.Popen[bytes]", sent: signal.Signals) -> None:
    """Send a signal to a whole run, as a scheduler does."""
    with suppress(ProcessLookupError):
        os.killpg(run.pid, sent)
