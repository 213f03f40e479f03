"""What a job used on the processor's side, with the processes that it started."""

import os
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

import psutil

from mythmeter.usage.pace import Pace

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
WALK_EVERY_S = 1.0
WALK_AT_AN_EDGE_S = 0.25
FORK_S = 1.0
"""A child that still runs its parent's program after so long is a process of its own."""


@dataclass(frozen=True)
class Totals:
    """Counters of a job since its start: differences of two of them say what a phase used."""

    cpu_s: float
    read_bytes: int | None
    """Through read calls, page cache and pipes included; None where the system does not count."""
    written_bytes: int | None


class ProcessTree:
    """This process and all below it, as last walked.

    What a child has used passes to its parent's counters when the parent waits for it, in CPU
    seconds and in bytes, so the sum over the living never loses a child that was waited for.
    """

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._children: dict[int, psutil.Process] = {}
        self._new: set[int] = set()
        """Children that may not have begun their program yet."""
        self.pids = {self._own.pid}
        """Ids of all processes of the job, those that have ended included."""
        self._pace = Pace(WALK_EVERY_S)
        self._io = _OwnFile("/proc/self/io")
        self._statm = _OwnFile("/proc/self/statm")

    def walk(self) -> None:
        """Look for children now."""
        with self._pace:
            living = set(_children_of(self._own))
            for pid in living - self._children.keys():
                try:
                    self._children[pid] = psutil.Process(pid)
                except psutil.NoSuchProcess:
                    continue
                self._new.add(pid)
            for pid in self._children.keys() - living:
                del self._children[pid]
            self.pids |= self._children.keys()

    def walk_if_due(self, at_an_edge: bool = False) -> None:
        """Look for children if the last look is long enough ago for what it costs."""
        if self._pace.due(WALK_AT_AN_EDGE_S if at_an_edge else WALK_EVERY_S):
            self.walk()

    def rss_bytes(self) -> int:
        """Resident memory of all processes together; shared pages count in each.

        A child that has only been split off counts nothing: until it begins its own program, a few
        milliseconds later, it shows its parent's memory as its own.
        """
        pages = self._statm.word(1)
        own = int(self._own.memory_info().rss) if pages is None else pages[0] * _PAGE_BYTES
        self._new = {pid for pid in self._new if self._is_fork(pid)}
        begun = (p for p in self._living() if p.pid not in self._new)
        return own + sum(_or_none(p, _rss_of) or 0 for p in begun)

    def _is_fork(self, pid: int) -> bool:
        process = self._children.get(pid)
        return process is not None and bool(_or_none(process, _only_split_off))

    def totals(self) -> Totals:
        """Read the counters."""
        times = os.times()
        # Of this process by a clock finer than the ticks of 10 ms in which the rest is counted.
        cpu_s = time.process_time() + times.children_user + times.children_system
        moved = self._io.word(1, 3)
        for process in self._living():
            cpu_s += _or_none(process, _cpu_of) or 0.0
            more = _or_none(process, _io_of)
            if moved is not None and more is not None:
                moved = (moved[0] + more[0], moved[1] + more[1])
        return Totals(cpu_s, *(moved or (None, None)))

    def _living(self) -> list[psutil.Process]:
        return list(self._children.values())


def _children_of(own: psutil.Process) -> list[int]:
    """Ids of all processes below one; the kernel's own lists where it keeps them.

    Elsewhere psutil reads every process of the machine, which costs milliseconds.
    """
    if not Path(f"/proc/{own.pid}/task/{own.pid}/children").exists():
        return [child.pid for child in own.children(recursive=True)]
    found: list[int] = []
    waiting = [own.pid]
    while waiting:
        pid = waiting.pop()
        try:
            threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - twice as fast
        except OSError:
            continue
        for thread in threads:
            try:
                with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as file:  # noqa: PTH123
                    below = [int(child) for child in file.read().split()]
            except OSError:
                continue
            found += below
            waiting += below
    return found


class _OwnFile:
    """A file about this process under /proc, kept open: it is read at every edge of a phase."""

    def __init__(self, path: str) -> None:
        try:
            self._file: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = None
            return
        weakref.finalize(self, os.close, self._file)

    def word(self, *places: int) -> tuple[int, ...] | None:
        """Return the numbers at these places, or None where there is no such file."""
        if self._file is None:
            return None
        try:
            words = os.pread(self._file, 1024, 0).split()
            return tuple(int(words[place]) for place in places)
        except (OSError, IndexError, ValueError):
            return None


def _only_split_off(process: psutil.Process) -> bool:
    """Whether a process is young and still runs its parent's program."""
    if time.time() - process.create_time() > FORK_S:
        return False
    return bool(process.cmdline() == psutil.Process(process.ppid()).cmdline())


def _rss_of(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


def _cpu_of(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:4]))


def _io_of(process: psutil.Process) -> tuple[int, int]:
    counters = process.io_counters()
    return int(counters.read_chars), int(counters.write_chars)


def _or_none(process, read):  # type: ignore[no-untyped-def]
    """Read from a process that may just have ended, or may not be ours to read."""
    try:
        return read(process)
    except (psutil.Error, OSError, AttributeError):
        return None
