"""Twelve real renders on two nodes with two GPUs each; a job cancelled, a node lost on the way.

The cluster's GPUs compute nothing: the jobs work on the processor, and are given a GPU each.
"""

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from slurm.cluster import GPUS_PER_NODE, NODES, Cluster, Running, Stamp
from slurm.run import REPOSITORY, start_snakemake
from slurm.spans import Ends, ends_of, most_at_once, sharing
from torturing.grid_project import MEDIA, write_grid_project

GPUS = len(NODES) * GPUS_PER_NODE
NUMBERS = ("one two three", "four five six", "seven eight nine", "ten eleven twelve")
WORDS = [word for words in NUMBERS for word in words.split()]
SCRIPTS = {f"render{number:02}": f"Number {word}." for number, word in enumerate(WORDS, 1)}
OF_THE_PERSON = ("enrol_voice", "train_swap")
OF_A_RENDER = ("speak_script", "swap_faces", "sync_lips")
COMMENT = re.compile(r"^rule_(?P<rule>\w+?)_wildcards_(?P<wildcards>.+)$")
REPAIR_S = 30
"""Long enough for the controller to call a node down."""


@dataclass
class Renders:
    """A run, as it went."""

    folder: Path
    jobs: dict[str, Running] = field(default_factory=dict)
    """Every job with a GPU, by its number."""
    cancelled: str = ""
    lost: list[str] = field(default_factory=list)
    """Jobs on the node that died."""
    returncode: int | None = None
    stamps: list[Stamp] = field(default_factory=list)
    ends_s: Ends = field(default_factory=dict)

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()[-8000:]

    def is_at_work(self, job: Running) -> bool:
        """Whether the job has opened its log; its wildcards are folders of the log's path."""
        rule, wildcards = rule_and_wildcards(job)
        folder = self.folder / "results" / "logs" / rule
        logs = [path.relative_to(folder) for path in folder.rglob("*.log")]
        return wildcards in {str(log).removesuffix(".log").replace("/", "_") for log in logs}


def rule_and_wildcards(job: Running) -> tuple[str, str]:
    match = COMMENT.match(job.comment)
    assert match is not None, job.comment
    return match["rule"], match["wildcards"]


def strike(cluster: Cluster, renders: Renders, running: list[Running]) -> None:
    """Cancel one job on the first node and kill the second."""
    renders.cancelled = next(job.job for job in running if job.node == NODES[0])
    cluster.command("scancel", renders.cancelled)
    renders.lost = cluster.kill_node(NODES[1])


@pytest.fixture(scope="module")
def renders(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Renders:
    if not MEDIA.is_dir():
        pytest.skip("no shared test media at ../shared/media beside the checkout")
    renders = Renders(tmp_path_factory.mktemp("renders") / "project")
    config = {"voice": {"fit_steps": 1, "takes": 1}, "render": {"chunks": 1}}
    write_grid_project(renders.folder, SCRIPTS, config)
    before = {(stamp.node, stamp.job) for stamp in cluster.stamps()}
    results = renders.folder / "results"
    process = start_snakemake(
        cluster,
        REPOSITORY,
        *("--snakefile", str(REPOSITORY / "tests" / "slurm" / "renders.smk")),
        *("--configfile", str(renders.folder / "config.yaml")),
        *("--set-resources", *(f"{rule}:gpu=1" for rule in OF_THE_PERSON + OF_A_RENDER), "--"),
        *(str(results / "renders" / f"{name}.receipt.json") for name in SCRIPTS),
        said=renders.folder / "said",
    )
    revive_s: float | None = None
    while process.poll() is None:
        running = cluster.running()
        renders.jobs |= {job.job: job for job in running}
        at_work = [job for job in running if renders.is_at_work(job)]
        if not renders.cancelled and len(at_work) == GPUS:
            strike(cluster, renders, running)
            revive_s = time.monotonic() + REPAIR_S
        if revive_s is not None and time.monotonic() > revive_s:
            cluster.revive_node(NODES[1])
            revive_s = None
        time.sleep(1)
    renders.returncode = process.returncode
    stamps = [stamp for stamp in cluster.stamps() if (stamp.node, stamp.job) not in before]
    renders.stamps = [stamp for stamp in stamps if stamp.gpus]
    renders.ends_s = ends_of(cluster, stamps)
    return renders


def test_all_twelve_are_made_and_verified_although_a_job_was_cancelled_and_a_node_died(
    renders: Renders,
) -> None:
    assert renders.returncode == 0, renders.said
    assert renders.cancelled
    assert len(renders.lost) == GPUS_PER_NODE
    for name in SCRIPTS:
        folder = renders.folder / "results" / "renders"
        receipt = json.loads((folder / f"{name}.receipt.json").read_text())
        assert (receipt["decision"], receipt["file"]) == ("verified", f"{name}.mp4")
        assert (folder / f"{name}.mp4").stat().st_size > 10_000


def test_every_stage_that_asks_for_a_gpu_was_given_one_for_every_render(renders: Renders) -> None:
    made = [rule_and_wildcards(job) for job in renders.jobs.values()]
    for rule in OF_A_RENDER:
        assert {of.partition("_")[0] for name, of in made if name == rule} == SCRIPTS.keys(), rule
    assert len(renders.stamps) >= len(OF_A_RENDER) * len(SCRIPTS) + len(OF_THE_PERSON)


def test_never_more_renders_hold_a_gpu_than_there_are(renders: Renders) -> None:
    assert most_at_once(renders.stamps, renders.ends_s) == GPUS


def test_no_two_renders_hold_one_device_at_once(renders: Renders) -> None:
    assert all(len(stamp.gpus) == 1 for stamp in renders.stamps)
    assert all(stamp.visible == stamp.gpus[0] for stamp in renders.stamps)
    assert sharing(renders.stamps, renders.ends_s) == []


def test_what_was_cancelled_and_what_was_lost_comes_back_with_twice_the_memory(
    renders: Renders,
) -> None:
    for number in [renders.cancelled, *renders.lost]:
        first = renders.jobs[number]
        again = [
            job
            for job in renders.jobs.values()
            if job.comment == first.comment and int(job.job) > int(number)
        ]
        assert [job.memory for job in again] == [f"{2 * int(first.memory.rstrip('M'))}M"], first
