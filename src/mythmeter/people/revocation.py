"""Consent taken back: a list of record ids, kept as a plain file and read without a network.

Any entry counts, signed or not: a wrong entry costs a run, a missed one costs a person.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from mythmeter.atomic import replacing
from mythmeter.errors import ConsentError
from mythmeter.people.record import instant

LIST_VERSION = 1


@dataclass(frozen=True)
class Revocation:
    """One record that is no longer in force."""

    record_id: str
    revoked_at: str
    reason: str


def read_revocations(path: Path) -> list[Revocation]:
    """Read a list; none where there is no file.

    Raises:
        ConsentError: a file that is not such a list. It is never taken for an empty one.
    """
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [
            Revocation(str(e["record_id"]), str(e["revoked_at"]), str(e.get("reason", "")))
            for e in content["revocations"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConsentError(
            f"{path} is not a list of revocations ({error!r}). Restore it: while it cannot "
            "be read, nothing can be said to be in force."
        ) from error


def revoke(path: Path, record_id: str, when: datetime, reason: str = "") -> None:
    """Add a record to a list; one that is there already stays as it is."""
    known = read_revocations(path)
    if any(entry.record_id == record_id for entry in known):
        return
    entries = [asdict(entry) for entry in [*known, Revocation(record_id, instant(when), reason)]]
    with replacing(path) as partial:
        text = json.dumps({"list_version": LIST_VERSION, "revocations": entries}, indent=2)
        partial.write_text(text + "\n", encoding="utf-8")


def require_not_revoked(record_id: str, lists: list[Path], where: str) -> None:
    """Check a record against every list.

    Raises:
        ConsentError: it was taken back, or a list cannot be read.
    """
    for path in lists:
        for entry in read_revocations(path):
            if entry.record_id == record_id:
                reason = f" ({entry.reason})" if entry.reason else ""
                raise ConsentError(
                    f"{where}: consent was taken back at {entry.revoked_at}{reason}, says {path}. "
                    "`mythmeter consent show` lists the renders that must go."
                )
