"""Checksums of what jobs wrote, checked by the jobs that read it.

A truncated video or sound file still opens and is merely shorter; so what a job writes is noted by
size and sha256 in a folder `.sums` beside it, and compared before the next job works on it. Files
that no job noted (clips, records, models of the user's) are not checked here.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from mythmeter.atomic import replacing
from mythmeter.errors import DamagedError

FOLDER = ".sums"


def note(paths: Iterable[Path], rule: str) -> None:
    """Note size and sha256 of the files that a rule wrote."""
    for path in paths:
        if path.is_file():
            entry = {"rule": rule, "size": path.stat().st_size, "sha256": _sha256(path)}
            with replacing(note_of(path)) as partial:
                partial.write_text(json.dumps(entry), encoding="utf-8")


def check(paths: Iterable[Path]) -> None:
    """Compare files with what was noted when they were written.

    Raises:
        DamagedError: one is not what its rule wrote.
    """
    for path in paths:
        entry = _noted(path)
        if entry is None or not path.is_file():
            continue
        size = path.stat().st_size
        if size != entry["size"]:
            raise DamagedError(_message(path, f"{size} bytes, not {entry['size']}", entry))
        if _sha256(path) != entry["sha256"]:
            raise DamagedError(_message(path, "as long as it was, with other bytes", entry))


def _message(path: Path, how: str, entry: dict[str, object]) -> str:
    return (
        f"{path} was edited or damaged after {entry['rule']} wrote it ({how}). Delete it and run "
        f"again; if you meant to change it, delete {note_of(path)} instead."
    )


def _noted(path: Path) -> dict[str, object] | None:
    """What was noted; a note that is itself damaged says nothing."""
    try:
        entry = json.loads(note_of(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return entry if isinstance(entry, dict) and {"rule", "size", "sha256"} <= entry.keys() else None


def note_of(path: Path) -> Path:
    """Where the note about a file lies."""
    return path.parent / FOLDER / f"{path.name}.json"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
