"""What recording costs the recorded: `make bench-recorder`.

The same work runs in turns without a recorder, with ours, and with what a user would write instead:
a thread that asks psutil for CPU, memory, bytes and children ten times a second. Two workloads, of
arithmetic in Python and NumPy: one long phase, and phases of some 30 ms, shorter than any stage has
many of. Turns are short and their order changes, so that what else runs on the machine troubles
all alike; the overhead is the median of the ratios within a round, less one, with a bootstrap
interval.

That ratio stays uncertain on a shared machine. So what the recorder uses itself is measured too:
CPU seconds of its thread, and of opening and closing a phase. What it takes to begin and to write
a record, once a job, stands apart.
"""

import contextlib
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil

from mythmeter.answers.sample import bootstrap_interval
from mythmeter.usage.record import UsageRecord

PAIRS = int(os.environ.get("PAIRS", "40"))
VARIANTS = ("none", "ours", "theirs")
CHUNKS = 3000
"""Chunks of work in a turn."""
IN_A_PHASE = {"steady": CHUNKS, "phases": 250}
"""Chunks in each phase."""
WORST = 0.01
DATA = np.arange(20_000, dtype=np.float64)

Phase = Callable[[str], contextlib.AbstractContextManager[object]]


def chunk() -> float:
    """About 0.2 ms of work."""
    return sum(i * i for i in range(1_500)) + float(np.sqrt(DATA).sum())


def work(workload: str, phase: Phase) -> None:
    for _ in range(CHUNKS // IN_A_PHASE[workload]):
        with phase("steady"):
            for _ in range(IN_A_PHASE[workload]):
                chunk()


@contextlib.contextmanager
def none() -> Iterator[Phase]:
    """No recorder."""
    yield lambda name: contextlib.nullcontext()


@contextlib.contextmanager
def ours() -> Iterator[Phase]:
    """Our recorder."""
    record = UsageRecord("bench", {})
    yield record.phase  # type: ignore[misc]


@contextlib.contextmanager
def theirs() -> Iterator[Phase]:
    """psutil in a thread, every 0.1 s."""
    stop = threading.Event()

    def poll() -> None:
        own, peak = psutil.Process(), 0
        while not stop.wait(0.1):
            own.cpu_times(), own.io_counters()
            both = [own, *own.children(recursive=True)]
            peak = max(peak, sum(process.memory_info().rss for process in both))

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield lambda name: contextlib.nullcontext()
    finally:
        stop.set()
        thread.join()


def turn(variant: str, workload: str) -> tuple[float, float, float]:
    """Run once: wall s, CPU s, and CPU s of other threads than this."""
    with {"none": none, "ours": ours, "theirs": theirs}[variant]() as phase:
        wall, cpu, own = time.perf_counter(), time.process_time(), time.thread_time()
        work(workload, phase)
        cpu_s = time.process_time() - cpu
        return time.perf_counter() - wall, cpu_s, cpu_s - (time.thread_time() - own)


def measure(workload: str) -> dict[str, np.ndarray]:
    """Run every variant in each round, in another order each time: (rounds, 3) per variant."""
    order = random.Random(0)
    rows: dict[str, list[tuple[float, float, float]]] = {variant: [] for variant in VARIANTS}
    for _ in range(PAIRS):
        for variant in order.sample(VARIANTS, len(VARIANTS)):
            rows[variant].append(turn(variant, workload))
    return {variant: np.array(found) for variant, found in rows.items()}


def overhead(found: np.ndarray, bare: np.ndarray) -> tuple[float, float, float]:
    """Median of the ratios of the pairs, less one, and its 95 % interval."""
    ratios = found / bare - 1
    return (float(np.median(ratios)), *bootstrap_interval(ratios, np.median))


def edge_s(phases: int = 200) -> float:
    """CPU seconds of opening and closing a phase in which work was done, as caches then are."""
    record, body_s = UsageRecord("bench", {}), 0.0
    began = time.thread_time()
    for _ in range(phases):
        with record.phase("steady"):
            body = time.thread_time()
            for _ in range(50):
                chunk()
            body_s += time.thread_time() - body
    return (time.thread_time() - began - body_s) / phases


def once_a_job_s(jobs: int = 20) -> float:
    """CPU seconds to begin a record and to write it."""
    with tempfile.TemporaryDirectory() as scratch:
        began = time.thread_time()
        for number in range(jobs):
            record = UsageRecord("bench", {})
            with record.phase("steady"):
                pass
            record.write(Path(scratch, f"{number}.jsonl"))
        return (time.thread_time() - began) / jobs


def compare(workload: str, edge: float) -> dict[str, object]:
    """Measure one workload and print what was found."""
    found = measure(workload)
    bare = found["none"]
    phases = CHUNKS // IN_A_PHASE[workload]
    said: dict[str, object] = {"cpu_s": round(float(np.median(bare[:, 1])), 3), "phases": phases}
    for variant in ("ours", "theirs"):
        cpu = overhead(found[variant][:, 1], bare[:, 1])
        wall = overhead(found[variant][:, 0], bare[:, 0])
        # The mean: a turn sees a thread wake up once, twice or not at all.
        direct_s = found[variant][:, 2].mean() + (edge * phases if variant == "ours" else 0.0)
        direct = float(direct_s / bare[:, 1].mean())
        print(
            f"{workload}, {variant}: CPU {cpu[0]:+.2%} ({cpu[1]:+.2%} to {cpu[2]:+.2%}), "
            f"wall {wall[0]:+.2%} ({wall[1]:+.2%} to {wall[2]:+.2%}), itself {direct:.3%}"
        )
        said[variant] = {
            "cpu": [round(x, 5) for x in cpu],
            "wall": [round(x, 5) for x in wall],
            "itself": round(direct, 5),
        }
    return said


def main() -> None:
    """Print the figures; the last line is one JSON object."""
    edge_s(10)
    edge, once = edge_s(), once_a_job_s()
    print(
        f"a phase, opened and closed: {edge * 1e6:.0f} µs of CPU, "
        f"1 % of {edge / WORST * 1e3:.0f} ms; a record: {once * 1e3:.1f} ms"
    )
    results = {workload: compare(workload, edge) for workload in IN_A_PHASE}
    ours, theirs = results["steady"]["ours"], results["steady"]["theirs"]
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    processes = len(psutil.pids())
    print(
        json.dumps(
            {
                "name": "recorder",
                "overhead": ours["cpu"][0],
                "interval": ours["cpu"][1:],
                "n": PAIRS,
                "ours": ours["itself"],
                "theirs": theirs["itself"],
                "ratio": round(theirs["itself"] / max(ours["itself"], 1e-6), 2),
                "unit": "share of the CPU seconds of the work",
                "within_limit": bool(ours["itself"] <= WORST),
                "shortest_phase_ms": round(edge / WORST * 1e3, 1),
                "edge_us": round(edge * 1e6, 1),
                "once_a_job_ms": round(once * 1e3, 2),
                "workloads": results,
                "scope": f"{os.cpu_count()} cores, {processes} processes, no GPU; "
                "theirs: a thread with psutil every 0.1 s",
            }
        )
    )


if __name__ == "__main__":
    main()
