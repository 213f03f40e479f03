"""A cluster for all tests here, or the reason why there is none."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm.cluster import Cluster, missing_here, running_cluster
from slurm.run import PLUGINS


def why_not() -> str | None:
    """Why the tests here cannot run; None where they can."""
    if os.environ.get("MYTHMETER_SLURM") != "1":
        return "needs a Slurm cluster of its own: run `make slurm-test`"
    if not PLUGINS.is_dir():
        return "no .executors/slurm: run `make setup-executors`"
    return missing_here()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = why_not()
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slurm)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    # Not pytest's own folders: those are closed to others, and munge wants to be reached.
    with tempfile.TemporaryDirectory(prefix="mythmeter-slurm-") as folder:
        Path(folder).chmod(0o755)
        with running_cluster(Path(folder)) as started:
            yield started
