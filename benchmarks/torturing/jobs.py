"""What a run is doing: its jobs, the files that each is to make, and those it is writing."""

import json
import os
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from mythmeter.atomic import PARTIAL

JOB_SCRIPT = re.compile(r"/\.snakemake/scripts/tmp[^.]*\.(\w+)\.py$")


def jobs_of(pid: int) -> Iterable[tuple[psutil.Process, str]]:
    """Processes below a Snakemake that run a script, each with the name of its rule."""
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                rule = rule_of(process.cmdline())
                if rule:
                    yield process, rule


def rule_of(command: list[str]) -> str | None:
    """The rule whose script a command line runs."""
    found = (JOB_SCRIPT.search(argument) for argument in command)
    return next((match.group(1) for match in found if match), None)


@dataclass(frozen=True)
class Work:
    """What the jobs of a finished run made: Snakemake's own notes of it."""

    outputs: dict[Path, tuple[Path, ...]] = field(default_factory=dict)
    """Log file of a job -> its outputs; absolute paths."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Rule -> the median time of its jobs."""

    @classmethod
    def noted_in(cls, metadata: Path, folder: Path) -> "Work":
        """Read Snakemake's `metadata`, or a copy of it, of a working directory."""
        outputs: dict[Path, list[Path]] = {}
        seconds: dict[str, list[float]] = {}
        for name, note in _notes(metadata):
            if note["log"]:
                outputs.setdefault(folder / note["log"][0], []).append(folder / name)
            seconds.setdefault(note["rule"], []).append(note["endtime"] - note["starttime"])
        return cls(
            {log: tuple(sorted(made)) for log, made in outputs.items()},
            {rule: sorted(times)[len(times) // 2] for rule, times in seconds.items()},
        )


def _notes(folder: Path) -> Iterable[tuple[str, dict]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            # Long names are folders of their pieces; a piece that goes on is marked with an `@`.
            coded = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
            yield urlsafe_b64decode(coded).decode(), json.loads(path.read_text())


def outputs_of(process: psutil.Process, work: Work) -> tuple[Path, ...]:
    """The files that a job is to make; none until it has opened its log."""
    for link in Path(f"/proc/{process.pid}/fd").glob("*"):
        with suppress(OSError):
            made = work.outputs.get(link.readlink())
            if made:
                return made
    return ()


def writing(outputs: Iterable[Path]) -> set[Path]:
    """Which of these files are there, or half there under the name of a partial file."""
    found = set()
    for path in outputs:
        if path.is_file():
            found.add(path)
        found |= partial_files([path])
    return found


def partial_files(outputs: Iterable[Path]) -> set[Path]:
    """The half-written files of these outputs, by whichever process."""
    return {
        partial
        for path in outputs
        for partial in path.parent.glob(f".{path.stem}.*.partial{path.suffix}")
    }


def left_behind(outputs: Iterable[Path]) -> set[Path]:
    """The half-written files of these outputs whose process, named in theirs, has ended."""
    return {path for path in partial_files(outputs) if not _writer_lives(path)}


def _writer_lives(partial: Path) -> bool:
    writer = PARTIAL.search(partial.name)
    with suppress(psutil.NoSuchProcess):
        return writer is not None and is_alive(psutil.Process(int(writer[1])))
    return False


def is_alive(process: psutil.Process) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_tree(pid: int) -> None:
    """Kill a process and all below it, the parent first so that it reacts to nothing."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        below = parent.children(recursive=True)
        for process in [parent, *below]:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def kill_leftovers(folder: Path) -> None:
    """Kill what an interrupted torture left running: all that works in its folder."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and Path(process.cwd()) == folder:
                process.kill()


def wait_for_orphans(scripts: str, limit_s: float = 600.0) -> None:
    """Wait until no job runs any more whose script lies below a folder.

    Raises:
        TimeoutError: one is still there.
    """
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        alive = [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(argument.startswith(scripts) for argument in process.info["cmdline"] or [])
        ]
        if not alive:
            return
        time.sleep(0.2)
    raise TimeoutError(f"orphans of {scripts} are still running after {limit_s:.0f} s")
