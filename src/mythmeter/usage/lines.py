"""The lines of one record, read back and checked: any version that is known, no other number."""

import json
from pathlib import Path
from typing import Any

from mythmeter.errors import UsageError
from mythmeter.usage.fields import RECORD_VERSION

MEND = "Delete it and run again, or take it out of its record set."


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a record as they are, checked.

    Raises:
        UsageError: which file, which line, and what is wrong with it.
    """
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a usage record ({error}). {MEND}") from error
    lines = [
        _line(text, path, number, last=number == len(texts))
        for number, text in enumerate(texts, start=1)
    ]
    if not lines or lines[-1].get("phase") != "other":
        raise UsageError(
            f"{path}: the record ends before the line of phase `other`; the job was killed, or the "
            f"file was copied in part. {MEND}"
        )
    return lines


def _line(text: str, path: Path, number: int, *, last: bool) -> dict[str, Any]:
    where = f"{path}, line {number}"
    try:
        line = json.loads(text, parse_constant=_refuse)
    except _NotFinite as error:
        raise UsageError(
            f"{where}: {error} is no measurement; what could not be measured is null. {MEND}"
        ) from error
    except ValueError as error:
        torn = (
            "; the last line is torn: was the job killed, or the file copied in part?"
            if last and text.startswith("{")
            else ""
        )
        raise UsageError(f"{where}: not a usage record ({error}){torn}. {MEND}") from error
    if not isinstance(line, dict) or "record_version" not in line:
        raise UsageError(f"{where}: not a usage record (it has no record_version). {MEND}")
    version = line["record_version"]
    if version not in range(1, RECORD_VERSION + 1):
        raise UsageError(
            f"{where}: usage record of version {version}; this Mythmeter reads versions 1 to "
            f"{RECORD_VERSION}. A newer Mythmeter reads it; otherwise take it out."
        )
    missing = [name for name in _NEEDED if name not in line]
    if missing:
        raise UsageError(f"{where}: not a usage record (it has no {', '.join(missing)}). {MEND}")
    return line


_NEEDED = ("rule", "wildcards", "phase", "started_at", "start_s", "wall_s", "work", "machine")


class _NotFinite(Exception):
    pass


def _refuse(constant: str) -> None:
    raise _NotFinite(constant)
