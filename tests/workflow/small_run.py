"""Three stages of short jobs, `tests/workflow/torture`, to be run and broken."""

import os
import subprocess
import sys
import time
from pathlib import Path

from torturing.jobs import jobs_of

WORKFLOW = Path(__file__).parent / "torture"


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start a run in a process group of its own."""
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


def run(folder: Path) -> str:
    """Run to a good end; what was said."""
    process = start(folder)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


def fail(folder: Path) -> str:
    """Run to a bad end; what was said."""
    process = start(folder)
    said, _ = process.communicate()
    assert process.returncode != 0, said
    return said


def unlock(folder: Path) -> None:
    """What `snakemake --unlock` does."""
    for lock in (folder / ".snakemake" / "locks").glob("*"):
        lock.unlink()


def wait_for_a_job(process: "subprocess.Popen[str]") -> None:
    """Wait until a job of the run has its process."""
    while not dict(jobs_of(process.pid)):
        assert process.poll() is None
        time.sleep(0.05)
