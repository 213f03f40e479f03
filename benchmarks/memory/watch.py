"""A stage in a process of its own, watched."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLE_S = 0.05
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SCRIPT = Path(__file__).parents[1] / "bench_memory.py"


@dataclass(frozen=True)
class Peak:
    """What a stage took."""

    rss_bytes: int
    """Highest resident memory of the process and its children together."""
    cpu_s: float


class Watch(threading.Thread):
    """Highest resident memory of a process and its children together, sampled every 50 ms.

    A child that still runs its parent's program counts nothing: split off a moment ago, it shows
    its parent's memory as its own.

    Read from /proc itself: a library that looks at every process of the machine for children takes
    as much of a busy core as what it watches.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.peak_bytes = 0

    def run(self) -> None:
        while (now := self._resident(self._pid)) is not None:
            self.peak_bytes = max(self.peak_bytes, now)
            time.sleep(SAMPLE_S)

    def _resident(self, pid: int) -> int | None:
        """Bytes of a process and all below it; None where it is gone."""
        process = Path("/proc", str(pid))
        try:
            own = int((process / "statm").read_text().split()[1]) * PAGE_BYTES
            tasks = list((process / "task").iterdir())
        except OSError:
            return None
        for task in tasks:
            try:
                children = (task / "children").read_text().split()
            except OSError:
                continue
            begun = (int(child) for child in children if _program(int(child)) != _program(pid))
            own += sum(self._resident(child) or 0 for child in begun)
        return own


def _program(pid: int) -> bytes:
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes()
    except OSError:
        return b""


def run_apart(stage: str, folder: Path) -> Peak:
    """Run a stage on the files of a folder in a child process, and return what it took."""
    command = [sys.executable, str(SCRIPT), "--child", stage, "--work", str(folder)]
    before = os.times()
    with (folder / f"{stage}.log").open("w", encoding="utf-8") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, env=one_thread())
        watch = Watch(child.pid)
        watch.start()
        if child.wait():
            raise SystemExit(f"{stage} failed on {folder.name}: see {folder / f'{stage}.log'}")
    after = os.times()
    spent = after.children_user + after.children_system
    return Peak(watch.peak_bytes, spent - before.children_user - before.children_system)


def one_thread() -> dict[str, str]:
    """The environment of a job with `threads: 1`."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return os.environ | dict.fromkeys(names, "1") | {"OMP_WAIT_POLICY": "PASSIVE"}
