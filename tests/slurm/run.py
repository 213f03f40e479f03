"""Snakemake on the cluster of the tests, with the profile that users get."""

import subprocess
import sys
from pathlib import Path

from slurm.cluster import Cluster

REPOSITORY = Path(__file__).parents[2]
PLUGINS = REPOSITORY / ".executors" / "slurm"
# The shipped profile, hurried: a test need not be as patient as a cluster with a slow file system,
# and without accounting only squeue answers.
PROFILE = [
    *("--workflow-profile", str(REPOSITORY / "profiles" / "slurm")),
    *("--slurm-no-account", "--slurm-status-command", "squeue", "--slurm-keep-successful-logs"),
    *("--slurm-init-seconds-before-status-checks", "3", "--seconds-between-status-checks", "3"),
    *("--latency-wait", "10", "--nolock"),
]


def start_snakemake(
    cluster: Cluster, folder: Path, *arguments: str, said: Path
) -> subprocess.Popen[bytes]:
    """Start Snakemake on the cluster; what it says goes to a file."""
    environment = cluster.environment
    environment["PYTHONPATH"] = str(PLUGINS)
    with said.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *PROFILE, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
