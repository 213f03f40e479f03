"""Dry runs of the batches of a long sheet, side by side: they start nothing and do not meet."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import IO

from mythmeter.config.share import VARIABLE

TOTAL = re.compile(rb"^total\s+(\d+)", re.MULTILINE)


def plans_only(options: Sequence[str]) -> bool:
    """Tell whether options of Snakemake ask for a dry run."""
    return any(re.fullmatch(r"--dry-?run|-n\w*", option) for option in options)


def plan_batches(
    command: Sequence[str],
    batches: int,
    environment: Mapping[str, str],
    at_once: int | None = None,
) -> int:
    """Run the dry runs, print what they say in their order and then how many jobs there are.

    Args:
        command: a dry run of all renders.
        batches: how often it is started, each time for another share of them.
        environment: of each.
        at_once: how many at a time; None: as many as this process has processors.

    Returns:
        The first exit code that is not 0, whose dry run is the last that is printed; or 0.
    """
    planner = _Planner(command, environment)
    shares = [f"{number}/{batches}" for number in range(1, batches + 1)]
    earlier = signal.signal(signal.SIGTERM, planner.stop)
    jobs = 0
    pool = ThreadPoolExecutor(at_once or _processors())
    try:
        for code, said in pool.map(planner.plan, shares):
            with said:
                total = TOTAL.search(said.read())  # said twice: before the jobs and behind them
                said.seek(0)
                shutil.copyfileobj(said, sys.stdout.buffer)
                sys.stdout.flush()
            if code:
                return code
            jobs += int(total[1]) if total else 0
    finally:
        planner.stop()
        pool.shutdown(cancel_futures=True)
        signal.signal(signal.SIGTERM, earlier)
    print(
        f"{batches} batches: {jobs} jobs, and the report when they are done. What several "
        "batches need and is not there yet is counted in each."
    )
    return 0


def _processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Planner:
    """Starts dry runs, and stops those that run."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._children: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def plan(self, share: str) -> tuple[int, IO[bytes]]:
        """Run the one of a share; return its exit code and what it said."""
        said = tempfile.TemporaryFile()  # noqa: SIM115
        if self._stopped:
            return 1, said
        environment = {**self._environment, VARIABLE: share}
        child = subprocess.Popen(
            self._command, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        self._children.add(child)
        if self._stopped:  # meanwhile
            child.terminate()
        code = child.wait()
        self._children.discard(child)
        said.seek(0)
        return code if code >= 0 else 128 - code, said

    def stop(self, number: int | None = None, frame: FrameType | None = None) -> None:
        """End what runs, and start nothing more."""
        self._stopped = True
        for child in tuple(self._children):
            child.terminate()
