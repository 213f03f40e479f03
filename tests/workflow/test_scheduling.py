"""GPU declarations control scheduling: start and end stamps of real jobs prove it."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow
WORKFLOW = Path(__file__).parent / "scheduling"


def run(folder, gpus, fake_gpus=2):
    shutil.copytree(WORKFLOW, folder)
    environment = {
        **os.environ,
        "MYTHMETER_FAKE_GPUS": str(fake_gpus),
        "TMPDIR": str(folder),
    }
    environment.pop("CUDA_VISIBLE_DEVICES", None)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "6", "--resources", f"gpu={gpus}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {
        kind: [span(path) for path in folder.glob(f"{kind}/*.jsonl")] for kind in ("gpu", "cpu")
    }


def span(path):
    steady = json.loads(path.read_text().splitlines()[0])
    start = datetime.fromisoformat(steady["started_at"])
    return start, start + timedelta(seconds=steady["wall_s"]), steady["device_indices"]


def overlapping(one, other):
    return one[0] < other[1] and other[0] < one[1]


def pairs(spans):
    return [(a, b) for a, b in itertools.combinations(spans, 2) if overlapping(a, b)]


def test_under_one_gpu_no_two_gpu_jobs_overlap_while_cpu_jobs_do(tmp_path):
    spans = run(tmp_path / "one", gpus=1)
    assert len(spans["gpu"]) == 3
    assert pairs(spans["gpu"]) == []
    assert pairs(spans["cpu"]) != []


def test_under_two_gpus_jobs_overlap_only_on_different_devices(tmp_path):
    spans = run(tmp_path / "two", gpus=2)
    together = pairs(spans["gpu"])
    assert together != []
    assert all(a[2] != b[2] and len(a[2]) == len(b[2]) == 1 for a, b in together)


def test_two_jobs_let_loose_on_one_device_still_take_turns(tmp_path):
    """Snakemake was told of two GPUs, the machine has one: the lock keeps the jobs apart."""
    spans = run(tmp_path / "locked", gpus=2, fake_gpus=1)
    assert pairs(spans["gpu"]) == []
