"""What the answers believe of the workflow is what Snakemake says of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
