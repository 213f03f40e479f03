"""A stage in a process of its own, watched."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLE_S = 0.05
SCRIPT = Path(__file__).parents[1] / "bench_memory.py"


@dataclass(frozen=True)
class Peak:
    """What a stage took."""

    rss_bytes: int
    """Highest resident memory of the process and its children together."""
    cpu_s: float


class Watch(threading.Thread):
    """Highest resident memory of a process and its children together, sampled every 50 ms."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        import psutil

        self._process = psutil.Process(pid)
        self._gone = (psutil.NoSuchProcess, psutil.AccessDenied)
        self.peak_bytes = 0

    def run(self) -> None:
        while True:
            try:
                family = [self._process, *self._process.children(recursive=True)]
                total = sum(self._resident(process) for process in family)
            except self._gone:
                return
            self.peak_bytes = max(self.peak_bytes, total)
            time.sleep(SAMPLE_S)

    def _resident(self, process: object) -> int:
        try:
            return process.memory_info().rss
        except self._gone:
            return 0


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
