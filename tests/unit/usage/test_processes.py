import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from mythmeter.usage import processes
from mythmeter.usage.pace import SHARE, Pace
from mythmeter.usage.processes import FORK_S, ProcessTree

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.read()
child.communicate(b"x")
"""


@pytest.fixture
def family():
    """Process ids of a child and its child."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        grandchild = int(parent.stdout.readline())
        yield {parent.pid, grandchild}
        parent.communicate()


def test_children_of_children_belong_to_the_job(family):
    tree = ProcessTree()
    tree.walk()
    assert family <= tree.pids


def test_without_the_kernels_lists_the_same_children_are_found(family, monkeypatch):
    own = psutil.Process()
    by_kernel = set(processes._children_of(own))
    monkeypatch.setattr(processes.Path, "exists", lambda path: False)
    assert family <= set(processes._children_of(own)) == by_kernel


def test_a_process_that_ended_stays_known_as_the_jobs_own_and_counts_no_memory(family):
    tree = ProcessTree()
    tree.walk()
    with_family = tree.rss_bytes()
    for pid in family:
        psutil.Process(pid).kill()
    psutil.wait_procs([psutil.Process(pid) for pid in family if psutil.pid_exists(pid)], timeout=10)
    assert tree.rss_bytes() < with_family
    tree.walk()
    assert family <= tree.pids


def test_a_child_that_was_only_split_off_is_no_memory_until_it_is_a_process_of_its_own():
    """Sampled between fork and exec, a job of 2 GB had 4."""
    ballast = np.ones(50_000_000)
    tree = ProcessTree()
    tree.walk()
    before = tree.rss_bytes()
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    try:
        tree.walk()
        assert child in tree.pids
        assert tree.rss_bytes() - before < ballast.nbytes / 2
        time.sleep(FORK_S + 0.1)
        assert tree.rss_bytes() - before > ballast.nbytes
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_where_the_system_counts_no_bytes_they_are_unknown_and_not_nothing(monkeypatch):
    tree = ProcessTree()
    monkeypatch.setattr(tree, "_io", processes._OwnFile("/no/such/file"))
    monkeypatch.setattr(tree, "_statm", processes._OwnFile("/no/such/file"))
    totals = tree.totals()
    assert (totals.read_bytes, totals.written_bytes) == (None, None)
    assert tree.rss_bytes() > 2**20


def test_what_is_dear_is_measured_less_often():
    pace = Pace(1.0)
    assert pace.due()
    with pace:
        pass
    assert not pace.due()
    assert pace.spacing_s() == 1.0
    pace._cost_s = 0.1
    assert pace.spacing_s() == pytest.approx(0.1 / SHARE)
    assert pace.spacing_s(0.0) == pytest.approx(0.1 / SHARE)
