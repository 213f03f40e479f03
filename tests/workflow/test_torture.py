"""A small torture: SIGKILL and notice at seeded moments; a rerun ends as if undisturbed."""

import os
import shutil
import signal
import subprocess
import time

import pytest
from torturing.jobs import Work, wait_for_orphans
from torturing.killer import Killer, stop
from torturing.plan import Strike
from torturing.same import differences, half_written
from workflow.small_run import WORKFLOW, fail, run, start, unlock, wait_for_a_job

pytestmark = pytest.mark.workflow


@pytest.fixture
def workflow(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(WORKFLOW, folder)
    yield folder
    wait_for_orphans(str(folder), limit_s=60)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Results of a run that nothing happened to; read only."""
    folder = tmp_path_factory.mktemp("torture") / "undisturbed"
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
    noted = Work.noted_in(notes, workflow)
    # A job is known by its script here, and its time is noted by its rule.
    work = Work(noted.outputs, {"write_slowly": min(noted.seconds.values())})
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
    said = fail(workflow)
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
    said = fail(workflow)
    assert "results/changed/0.txt has older modification time" in said
    for path in results.rglob("*.txt"):
        os.utime(path)
    run(workflow)
    assert differences(undisturbed, results) == {}


def mounted(folder, *options):
    """Mount over a folder; skip where that is not allowed."""
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no mount here (it takes root): {done.stderr.strip()}")


@pytest.fixture
def results(workflow):
    """The results folder, unmounted afterwards as often as something was mounted there."""
    folder = workflow / "results"
    folder.mkdir()
    yield folder
    while subprocess.run(["umount", str(folder)], capture_output=True).returncode == 0:
        pass


def test_a_full_disk_is_one_message_and_with_room_the_run_goes_on(workflow, results, undisturbed):
    # Every small file takes a page of 4 kB; all of them take about 30.
    mounted(results, "-t", "tmpfs", "-o", "size=64k", "none")
    said = fail(workflow)
    assert "the disk is full" in said
    assert "Make room or set paths.results elsewhere, and run again" in said
    assert "Traceback" not in said
    assert set(differences(undisturbed, results).values()) <= {"missing"}
    assert half_written(results) == []
    mounted(results, "-o", "remount,size=10m")
    run(workflow)
    assert differences(undisturbed, results) == {}


def test_results_made_read_only_stop_the_run_by_name_and_lose_nothing(
    workflow, results, undisturbed
):
    mounted(results, "-t", "tmpfs", "-o", "size=10m", "none")
    run(workflow)
    (results / "changed" / "0.txt").unlink()
    (results / "whole.txt").unlink()
    mounted(results, "-o", "remount,ro")
    said = fail(workflow)
    assert "Write-protected output files" in said
    assert "results/usage/" in said
    assert "Traceback" not in said
    assert set(differences(undisturbed, results).values()) == {"missing"}
    mounted(results, "-o", "remount,rw")
    run(workflow)
    assert differences(undisturbed, results) == {}


def test_what_was_made_while_its_source_was_edited_is_made_again(workflow):
    script = workflow / "scripts" / "write_slowly.py"
    process = start(workflow)
    wait_for_a_job(process)
    edited = script.read_text().replace("{snakemake.rule} ", "{snakemake.rule} as edited ")
    script.write_text(edited)
    process.communicate()
    assert process.returncode == 0
    run(workflow)
    whole = (workflow / "results" / "whole.txt").read_text().splitlines()
    assert all(" as edited " in line for line in whole), whole
    assert "Nothing to be done" in run(workflow)
