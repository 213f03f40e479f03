"""The gate again, when a render is signed: nothing that the receipt says is taken on trust.

The whole check is made anew from the record and the sources, and must come to what the receipt
says; then the render's length is counted with all others under the record.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mythmeter.errors import ConsentError
from mythmeter.models.fetch import sha256_of
from mythmeter.people.asked import Asked
from mythmeter.people.consent import Receipt, check, refuse_earlier_than
from mythmeter.people.footage import Footage, check_footage
from mythmeter.people.ledger import Ledger, Signed, open_ledger
from mythmeter.people.record import instant


@dataclass(frozen=True)
class SigningGate:
    """What stands between an assembled render and its signature."""

    receipt: Path
    """What `check_consent` wrote."""
    asked: Asked
    """The same question, from the configuration."""
    matches: Mapping[str, Path]
    """`face` and `voice`: what `match_face` and `match_voice` found. A synthetic person has
    neither: her file's hash is her match."""
    footage: Footage | None = None
    """The footage whose performer's face was replaced, and its licence record."""
    generated: Sequence[Path] = ()
    """Folders of generated media, removed if consent does not hold."""

    @contextmanager
    def consented(
        self, render: Path, duration_s: float, now: datetime, *, written: Path | None = None
    ) -> Iterator[Receipt]:
        """Sign a render in this block, if its consent still holds; then enter it in the ledger.

        Args:
            render: the finished render, as the ledger names it.
            duration_s: its length, counted against the minutes of the scope.
            now: the time of signing, with its zone.
            written: the file that the block writes, if the render gets its place later.

        Yields:
            The receipt, as checked now.

        Raises:
            ConsentError: no receipt or one that says something else, consent over, taken back or
                gone, files or likeness that are not the person's, or more minutes than were
                agreed to. Generated media are gone by then.
        """
        with ExitStack() as stack:
            try:
                receipt = _recheck(self.receipt, self.asked, now)
                _check_matches(self.matches, receipt)
                if self.footage is not None:
                    check_footage(self.footage)
                ledger = stack.enter_context(open_ledger(self.asked.record))
                _count_minutes(ledger, receipt, self.asked.record, render, duration_s)
            except ConsentError:
                for folder in self.generated:
                    shutil.rmtree(folder, ignore_errors=True)
                raise
            yield receipt
            entry = Signed(
                record_id=receipt["record_id"],
                person=receipt["person"],
                file=str(render.absolute()),
                duration_s=duration_s,
                sha256=sha256_of(written or render),
                signed_at=instant(now),
            )
            ledger.add(entry)


def _recheck(path: Path, asked: Asked, now: datetime) -> Receipt:
    try:
        written: Any = json.loads(path.read_text(encoding="utf-8"))
        checked_at = written.pop("checked_at")
        granted = written["decision"] == "granted"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConsentError(f"{path} is not a consent receipt: {error}.") from error
    if not granted:
        raise ConsentError(f"{path}: consent was not granted.")
    refuse_earlier_than([checked_at], str(path), now)
    receipt = check(asked, now)
    found = {key: value for key, value in receipt.items() if key != "checked_at"}
    if written != found:
        keys = sorted(k for k in written.keys() | found.keys() if written.get(k) != found.get(k))
        raise ConsentError(
            f"{path} does not say what {asked.record} and its files say now ({', '.join(keys)} "
            "differ): one of them was changed or exchanged since the check. Remove the receipt "
            "and run again."
        )
    return receipt


def _check_matches(matches: Mapping[str, Path], receipt: Receipt) -> None:
    if receipt["kind"] == "synthetic":
        return
    for what in ("face", "voice"):
        if receipt["used"][what]:
            _check_match(matches.get(what), what, receipt)


def _check_match(path: Path | None, what: str, receipt: Receipt) -> None:
    """Check that the likeness was compared, under this record, for each clip, and was the same."""
    if path is None:
        raise ConsentError(f"The {what} of {receipt['person']} was not compared with the record.")
    try:
        match = json.loads(path.read_text(encoding="utf-8"))
        same = match["decision"] == "same person" and all(
            clip["distance"] <= match["threshold"] for clip in match["clips"].values()
        )
        ours = match["record_id"] == receipt["record_id"]
        sources = {source["clip"] for source in receipt["sources"]}
        known = bool(match["clips"]) and set(match["clips"]) <= sources
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConsentError(f"{path} is not a match of a {what}: {error}.") from error
    if not (same and ours and known):
        raise ConsentError(
            f"{path} is not a match of the {what} of {receipt['person']} under record "
            f"{receipt['record_id']}. Remove it and run again."
        )


def _count_minutes(
    ledger: Ledger, receipt: Receipt, record: Path, render: Path, duration_s: float
) -> None:
    minutes = receipt["scope"]["minutes"]
    if minutes is None:
        return
    others_s = ledger.seconds_of_others(receipt["record_id"], render)
    if others_s + duration_s > minutes * 60:
        raise ConsentError(
            f"{record}: consent is for {minutes:g} minutes of renders in all; {others_s / 60:.2f} "
            f"are signed already and this one lasts {duration_s / 60:.2f}. Shorten the script, or "
            f"ask {receipt['person']} for more."
        )
