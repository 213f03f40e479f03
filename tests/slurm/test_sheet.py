"""Twelve GPU jobs on two nodes with two GPUs each, a job cancelled and a node lost on the way."""

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from slurm.cluster import GPUS_PER_NODE, NODES, Cluster, Running, Stamp
from slurm.run import start_snakemake
from slurm.spans import Ends, ends_of, most_at_once, sharing

SHEET = Path(__file__).parent / "sheet"
GPUS = len(NODES) * GPUS_PER_NODE


@dataclass
class Sheet:
    """How the run ended."""

    returncode: int
    said: str
    held: dict[str, dict]
    """Render -> what its last job held."""
    stamps: list[Stamp]
    cancelled: str
    lost: list[str]
    """Renders whose jobs were on the node that died."""
    ends_s: Ends


def render_of(job: Running) -> str:
    return job.comment.rpartition("_")[2]


def wait_for_work(cluster: Cluster, process, folder: Path) -> list[Running]:
    """Wait until every GPU is held by a job that is at its work."""
    deadline_s = time.monotonic() + 600
    while True:
        assert process.poll() is None, (folder / "said").read_text()
        assert time.monotonic() < deadline_s, (folder / "said").read_text()
        running = cluster.running()
        at_work = [job for job in running if (folder / "logs" / f"{render_of(job)}.log").is_file()]
        if len(at_work) == GPUS:
            return running
        time.sleep(0.5)


@pytest.fixture(scope="module")
def sheet(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Sheet:
    folder = tmp_path_factory.mktemp("sheet") / "run"
    shutil.copytree(SHEET, folder)
    said = folder / "said"
    before = {(stamp.node, stamp.job) for stamp in cluster.stamps()}
    process = start_snakemake(cluster, folder, said=said)
    running = wait_for_work(cluster, process, folder)
    victim = next(job for job in running if job.node == NODES[0])
    cluster.command("scancel", victim.job)
    lost_ids = cluster.kill_node(NODES[1])
    lost = [render_of(job) for job in running if job.job in lost_ids]
    # Long enough for the controller to call the node down; then it is repaired.
    time.sleep(30)
    cluster.revive_node(NODES[1])
    returncode = process.wait(900)
    stamps = [stamp for stamp in cluster.stamps() if (stamp.node, stamp.job) not in before]
    return Sheet(
        returncode,
        said.read_text(),
        {path.stem: json.loads(path.read_text()) for path in folder.glob("held/*.json")},
        stamps,
        render_of(victim),
        lost,
        ends_of(cluster, stamps),
    )


def test_every_render_is_made_although_a_job_was_cancelled_and_a_node_died(sheet: Sheet) -> None:
    assert sheet.returncode == 0, sheet.said
    assert len(sheet.held) == 12
    assert len(sheet.lost) == GPUS_PER_NODE


def test_never_more_jobs_hold_a_gpu_than_there_are(sheet: Sheet) -> None:
    assert most_at_once(sheet.stamps, sheet.ends_s) == GPUS


def test_no_two_jobs_hold_one_device_at_once(sheet: Sheet) -> None:
    assert sharing(sheet.stamps, sheet.ends_s) == []
    assert all(len(stamp.gpus) == 1 for stamp in sheet.stamps)
    assert all(stamp.visible == stamp.gpus[0] for stamp in sheet.stamps)


def test_a_job_uses_the_device_that_the_scheduler_chose(sheet: Sheet) -> None:
    for held in sheet.held.values():
        assert held["chosen_by"] == "scheduler"
        (device,) = held["devices"]
        assert any(
            stamp.visible == device
            and stamp.start_s <= held["start_s"]
            and held["end_s"] <= sheet.ends_s[stamp.node, stamp.job]
            for stamp in sheet.stamps
        )


def test_what_was_cancelled_and_what_was_on_the_lost_node_comes_back_larger(sheet: Sheet) -> None:
    again = {sheet.cancelled, *sheet.lost}
    for render, held in sheet.held.items():
        attempt = 2 if render in again else 1
        assert (held["mem_mb"], held["vram_mb"]) == (400 * attempt, 1000 * attempt), render
