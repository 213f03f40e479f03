"""A small torture: SIGKILL and notice at seeded moments; a rerun ends as if undisturbed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from torturing.jobs import Work, jobs_of, wait_for_orphans
from torturing.killer import Killer, stop
from torturing.plan import Strike
from torturing.same import differences, half_written

pytestmark = pytest.mark.workflow
WORKFLOW = Path(__file__).parent / "torture"


@pytest.fixture
def workflow(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(WORKFLOW, folder)
    yield folder
    wait_for_orphans(str(folder), limit_s=60)


def start(folder, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--rerun-incomplete", *arguments]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(folder):
    process = start(folder)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


def unlock(folder):
    """What `snakemake --unlock` does."""
    for lock in (folder / ".snakemake" / "locks").glob("*"):
        lock.unlink()


@pytest.fixture
def undisturbed(tmp_path):
    folder = tmp_path / "undisturbed"
    shutil.copytree(WORKFLOW, folder)
    run(folder)
    return folder / "results"


# Every target and every moment; all rules here share one script, by which a job is known.
STRIKES = (
    Strike(0, "write_slowly", "start", "job", share=0.0),
    Strike(1, "write_slowly", "middle", "snakemake", share=0.0),
    Strike(2, "write_slowly", "after", "everything", share=0.0),
    Strike(3, "write_slowly", "writing", "job", share=0.5),
)


def test_whatever_was_killed_a_plain_rerun_makes_the_same(workflow, undisturbed):
    notes = undisturbed.parent / ".snakemake" / "metadata"
    work = Work.noted_in(notes, workflow)
    for strike in STRIKES:
        killer = Killer([strike], work)
        process = start(workflow)
        killer.attend(process)
        process.stdout.close()
        assert process.wait() != 0, strike
        (kill,) = killer.kills
        assert (kill.target, kill.moment) == (strike.target, strike.moment)
        standing = differences(undisturbed, workflow / "results")
        assert set(standing.values()) <= {"missing"}
        unlock(workflow)
    run(workflow)
    assert differences(undisturbed, workflow / "results") == {}
    assert half_written(workflow / "results") == []


def wait_for_a_job(process):
    while not dict(jobs_of(process.pid)):
        assert process.poll() is None
        time.sleep(0.05)


def test_notice_to_everything_leaves_nothing_half_written_and_no_lock(workflow, undisturbed):
    process = start(workflow)
    wait_for_a_job(process)
    time.sleep(0.5)
    stop(process, signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode != 0
    assert half_written(workflow / "results") == []
    run(workflow)
    assert differences(undisturbed, workflow / "results") == {}


def test_a_second_run_at_the_same_time_is_refused_and_hurts_nothing(workflow, undisturbed):
    first = start(workflow)
    wait_for_a_job(first)
    second = start(workflow)
    said, _ = second.communicate()
    assert second.returncode != 0
    assert "cannot be locked" in said
    first.communicate()
    assert first.returncode == 0
    assert differences(undisturbed, workflow / "results") == {}


def test_a_truncated_intermediate_file_stops_the_next_job_with_its_name(workflow):
    run(workflow)
    piece = workflow / "results" / "changed" / "1.txt"
    piece.write_text(piece.read_text()[:5])
    process = start(workflow)
    said, _ = process.communicate()
    assert process.returncode != 0
    assert "1.txt was edited or damaged after change_piece wrote it" in said
    piece.unlink()
    run(workflow)


def test_files_from_the_future_stop_the_run_by_name_until_they_are_touched(workflow, undisturbed):
    run(workflow)
    results = workflow / "results"
    tomorrow = time.time() + 86_400
    for path in results.rglob("*.txt"):
        os.utime(path, (tomorrow, tomorrow))
    (results / "changed" / "0.txt").unlink()
    (results / "whole.txt").unlink()
    process = start(workflow)
    said, _ = process.communicate()
    assert process.returncode != 0
    assert "results/changed/0.txt has older modification time" in said
    for path in results.rglob("*.txt"):
        os.utime(path)
    run(workflow)
    assert differences(undisturbed, results) == {}
