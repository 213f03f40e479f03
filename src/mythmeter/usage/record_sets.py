"""Record sets: the usage records of a run on another machine, dropped in beside this one's.

A set is a folder `records/<name>/` with `run.json` and `usage/**/*.jsonl`.
"""

import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mythmeter.errors import UsageError
from mythmeter.usage.columns import HERE

RUN = "run.json"


@dataclass(frozen=True)
class RecordSet:
    """A set, its description checked; its records are not read yet."""

    machine: str
    """Name of the folder."""
    label: str
    """What its maker called the machine."""
    output_s: float
    """Seconds of video that the run made."""
    renders: int
    mythmeter_version: str
    recorded: str
    """Date and time at which the last job ended, ISO 8601."""
    records: tuple[Path, ...]


def files_of_sets(folder: Path) -> list[Path]:
    """List the files of all sets in a folder, which need not be there."""
    return [file for one in _folders(folder) for file in (*_runs(one), *_records(one))]


def read_sets(folder: Path) -> list[RecordSet]:
    """Read the descriptions of all sets in a folder, which need not be there.

    Raises:
        UsageError: a set is damaged; the message names the file.
    """
    return [_read_set(one) for one in _folders(folder)]


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if one.is_dir() and one.name[0] != ".")


def _runs(one: Path) -> list[Path]:
    return [one / RUN] if (one / RUN).is_file() else []


def _records(one: Path) -> list[Path]:
    return sorted((one / "usage").rglob("*.jsonl"))


def _read_set(folder: Path) -> RecordSet:
    path = folder / RUN
    if folder.name == HERE:
        raise UsageError(f"{folder}: `{HERE}` stands for this machine; rename the folder.")
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(facts, dict):
        raise _damaged(path, "it holds no object")
    kinds: dict[str, tuple[type, ...]] = {
        "label": (str,),
        "output_s": (int, float),
        "renders": (int,),
        "mythmeter_version": (str,),
        "recorded": (str,),
    }
    for key, kind in kinds.items():
        if not isinstance(facts.get(key), kind) or isinstance(facts[key], bool):
            raise _damaged(path, f"{key} is {facts.get(key)!r}")
    for key in ("output_s", "renders"):
        if not (math.isfinite(facts[key]) and facts[key] > 0):
            raise _damaged(path, f"{key} is {facts[key]!r}")
    try:
        datetime.fromisoformat(facts["recorded"])
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    records = _records(folder)
    if not records:
        raise _damaged(folder / "usage", "it holds no record")
    known: dict[str, Any] = {key: facts[key] for key in kinds}
    return RecordSet(machine=folder.name, records=tuple(records), **known)


def _damaged(path: Path, what: str) -> UsageError:
    return UsageError(
        f"{path}: not part of a record set ({what}). `mythmeter records export` makes sets; export "
        "it again, or take its folder out."
    )
