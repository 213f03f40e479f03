"""Which renders were signed under a record: counted against its minutes, listed when it ends.

The ledger lies beside the record, `<record>.renders.jsonl`, one line a signed render, so that
every project that uses the record counts into the same one. A render that is made again under the
same path replaces its former line in the count.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from mythmeter.errors import ConsentError


@dataclass(frozen=True)
class Signed:
    """One signed render."""

    record_id: str
    person: str
    file: str
    """Absolute path."""
    duration_s: float
    sha256: str
    signed_at: str


class Ledger:
    """An open ledger that nobody else can write to meanwhile."""

    def __init__(self, file: IO[str], path: Path) -> None:
        self._file = file
        file.seek(0)
        self.entries = _parse(file.read(), path)

    def seconds_of_others(self, record_id: str, file: Path) -> float:
        """Seconds signed under a record at other paths than this one; the last time counts."""
        last = {e.file: e.duration_s for e in self.entries if e.record_id == record_id}
        last.pop(str(file.absolute()), None)
        return sum(last.values())

    def latest(self) -> str | None:
        """Time of the newest signature, as written."""
        return max((entry.signed_at for entry in self.entries), default=None)

    def add(self, entry: Signed) -> None:
        """Append a line, on disk before this returns."""
        self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.entries.append(entry)


def ledger_path(record: Path) -> Path:
    """Return where the ledger of a record lies."""
    return record.with_name(f"{record.stem}.renders.jsonl")


def read_ledger(record: Path) -> list[Signed]:
    """Return every signed render of a record's ledger; none where there is no ledger.

    Raises:
        ConsentError: the ledger cannot be read.
    """
    path = ledger_path(record)
    return _parse(path.read_text(encoding="utf-8"), path) if path.exists() else []


@contextmanager
def open_ledger(record: Path) -> Iterator[Ledger]:
    """Open the ledger of a record, alone, for as long as the block lasts.

    Raises:
        ConsentError: it cannot be written or read.
    """
    path = ledger_path(record)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConsentError(
            f"{path} cannot be written ({error.strerror}); renders are counted there."
        ) from error
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield Ledger(file, path)


def _parse(text: str, path: Path) -> list[Signed]:
    try:
        return [Signed(**json.loads(line)) for line in text.splitlines()]
    except (ValueError, TypeError) as error:
        raise ConsentError(
            f"{path} is not a ledger of renders ({error}). Restore it: without it minutes cannot "
            "be counted, nor renders found when consent ends."
        ) from error


def moment_of(text: str) -> datetime:
    """Read a time of the ledger."""
    return datetime.fromisoformat(text)
