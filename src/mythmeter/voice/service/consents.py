"""Whether a person may be spoken for now: the record itself is asked at every request."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mythmeter.errors import ConsentError
from mythmeter.people.asked import Asked
from mythmeter.people.consent import check, check_standing


@dataclass(frozen=True)
class Granted:
    """The consent behind an answer."""

    record_id: str
    kind: str
    """`consent`, `synthetic` or `corpus-evaluation`."""


class Consents:
    """The consents of a run.

    Args:
        results: the run's folder, with the receipts that `check_consent` wrote.
        questions: person -> what the gate is asked about them, from the configuration.
        now: tells the time.
    """

    def __init__(
        self,
        results: Path,
        questions: Mapping[str, Asked],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._results = results
        self._questions = questions
        self._now = now
        self._whole: set[tuple[object, ...]] = set()

    def has_receipt(self, person: str) -> bool:
        """Whether a person of this run has a receipt at all."""
        return person in self._questions and self._receipt(person).is_file()

    def require(self, person: str, language: str) -> Granted:
        """Check that a person's voice may be generated in a language, now.

        The whole check, with the hashes of the person's files, is made when a file has changed;
        signature, revocation and time are looked at each time.

        Raises:
            ConsentError: no receipt, or the first reason against it.
        """
        if not self.has_receipt(person):
            raise ConsentError(f"{person} has no consent receipt; nobody is spoken for without.")
        receipt = self._receipt(person)
        asked = replace(
            self._questions[person], face=False, voice=True, languages=(language.lower(),)
        )
        files = [receipt, asked.record, *asked.sources.values()]
        key = (person, language, *(_stamp(file) for file in files))
        if key in self._whole:
            record = check_standing(asked, self._now())
            return Granted(record["record_id"], record["kind"])
        found = check(asked, self._now())
        kept = json.loads(receipt.read_text(encoding="utf-8"))
        if kept.get("record_sha256") != found["record_sha256"]:
            raise ConsentError(
                f"{receipt} belongs to another record than {asked.record}. Run the workflow again."
            )
        self._whole.add(key)
        return Granted(found["record_id"], found["kind"])

    def _receipt(self, person: str) -> Path:
        return self._results / "consent" / f"{person}.json"


def _stamp(file: Path) -> object:
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size
