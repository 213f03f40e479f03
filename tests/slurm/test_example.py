"""The built-in example, made on the cluster from start to report.

The cluster's GPUs compute nothing, so the jobs work on the processor; the rules that would use a
GPU still ask for one and are given one.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from slurm.cluster import Cluster, Stamp
from slurm.run import REPOSITORY, start_snakemake

GPU_RULES = ("enrol_voice", "speak_script", "train_swap", "swap_faces", "sync_lips")
GPU_JOBS = 6
"""One of each, and lips are made in two chunks."""


class Made(NamedTuple):
    """A finished run."""

    folder: Path
    stamps: list[Stamp]
    """Of its own jobs."""


@pytest.fixture(scope="module")
def made(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("example")
    before = {stamp.job for stamp in cluster.stamps()}
    config = folder / "config.yaml"
    config.write_text("paths: {results: results, reports: reports}\ndevice: cpu\n")
    asked = [f"{rule}:gpu=1" for rule in GPU_RULES]
    process = start_snakemake(
        cluster,
        REPOSITORY,
        *("--configfile", str(config), "--set-resources", *asked),
        said=folder / "said",
    )
    assert process.wait(3600) == 0, (folder / "said").read_text()[-8000:]
    return Made(folder, [stamp for stamp in cluster.stamps() if stamp.job not in before])


def test_the_render_is_signed_and_verified(made: Made) -> None:
    renders = made.folder / "results" / "renders"
    receipt = json.loads((renders / "demo.receipt.json").read_text())
    assert (receipt["decision"], receipt["file"]) == ("verified", "demo.mp4")
    assert (renders / "demo.mp4").stat().st_size > 100_000
    assert (made.folder / "reports" / "report.html").is_file()


def test_every_job_that_asked_for_a_gpu_was_given_one_of_its_own(made: Made) -> None:
    with_gpu = [stamp for stamp in made.stamps if stamp.gpus]
    assert len(with_gpu) == GPU_JOBS
    assert all(len(stamp.gpus) == 1 for stamp in with_gpu)


def test_the_usage_records_say_that_a_gpu_was_granted_and_the_processor_worked(made: Made) -> None:
    for rule in GPU_RULES:
        records = list((made.folder / "results" / "usage" / rule).rglob("*.jsonl"))
        assert records
        for path in records:
            first = json.loads(path.read_text().splitlines()[0])
            assert (first["rule"], first["gpu_granted"], first["device"]) == (rule, 1, "cpu")
