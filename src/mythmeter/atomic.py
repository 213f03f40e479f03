"""Files that are either whole or not there."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = re.compile(r"\.(\d+)\.partial")
SCRATCH = ".scratch"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to that becomes `path` only if the block ends without an error.

    The temporary name keeps the suffix (encoders choose a container by it) and lies in the same
    folder, so that the final rename is atomic. The contents are on the disk before the name is, so
    that not even a machine that loses its power leaves an empty file under it. What a killed
    process left of the same file goes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        if partial.is_file():
            _flush(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def scratch_beside(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`, for what is written on the way to it.

    It goes when the block ends; what a killed process left of the same goes before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path.with_suffix(SCRATCH))
    folder = path.with_name(f".{path.stem}.{os.getpid()}.partial{SCRATCH}")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _remove_abandoned(path: Path) -> None:
    """Remove partial files, or folders, of this one whose process is gone."""
    for partial in path.parent.glob(f".{_literal(path.stem)}.*.partial{_literal(path.suffix)}"):
        match = PARTIAL.search(partial.name)
        if match and not _runs(int(match.group(1))):
            if partial.is_dir():
                shutil.rmtree(partial, ignore_errors=True)
                continue
            with suppress(OSError):
                partial.unlink()


def _literal(text: str) -> str:
    """A name as a pattern that matches itself alone."""
    return re.sub(r"([*?[])", r"[\1]", text)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and nobody asked how; without an init that lasts for ever."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")
