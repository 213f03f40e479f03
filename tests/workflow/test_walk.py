"""What the answers believe of the workflow is what Snakemake says of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from detector_graphs import write_detector

from mythmeter.answers.job_graph import WALK

pytestmark = pytest.mark.workflow


def edges_of(repository: Path, *more: str) -> set[tuple[str, str]]:
    """Pairs of rules of which the second reads files of the first."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "--quiet", *more]
    drawn = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert drawn.returncode == 0, drawn.stderr
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', drawn.stdout))
    found = re.findall(r"(\d+) -> (\d+)", drawn.stdout)
    return {(names[one], names[other]) for one, other in found}


def test_the_walk_of_the_waiting_times_is_that_of_the_workflow(repository: Path) -> None:
    edges = edges_of(repository)
    there = {rule for pair in edges for rule in pair} & set(WALK)
    assert len(there) > 15
    ours = {(one, rule) for rule in there for one in WALK[rule] if one in there}
    assert ours == {(one, other) for one, other in edges if {one, other} <= there}


def test_no_rule_that_generates_reads_what_a_detector_said(
    repository: Path, tmp_path: Path
) -> None:
    write_detector(tmp_path / "net.onnx")
    (tmp_path / "scores.csv").write_text("clip,label,score,detector\na,real,0.5,net\n")
    config = tmp_path / "config.yaml"
    config.write_text(
        "answers: {detector_scores: scores.csv, detector: {model: net.onnx}}\n"
        "paths: {results: results, reports: reports}\n"
    )
    edges = edges_of(repository, "--configfile", str(config), "--", "all", "score_detector")
    assert ("verify_render", "score_detector") in edges
    rules = repository / "rules"
    reporting = set(re.findall(r"^rule (\w+):", (rules / "profile.smk").read_text(), re.M))
    readers = {other for one, other in edges if one == "score_detector"}
    assert readers <= reporting | {"all"}
    # Nor is the user's own table, or the detector, named where something is generated.
    named = {path.name for path in rules.rglob("*.smk") if "detector" in path.read_text().lower()}
    assert named <= {"quality.smk", "profile.smk"}


def test_a_detector_that_is_asked_for_and_not_named_stops_before_any_work(
    repository: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "--", "score_detector"]
    run = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert run.returncode != 0
    assert "name an ONNX file of yours in answers.detector.model" in run.stderr + run.stdout
