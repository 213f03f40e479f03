"""The gate: a consent record is checked against the files it speaks of, and leaves a receipt.

This makes those who run it accountable; it does not prevent anything, since a local gate can be
removed: docs/threat-model.md.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mythmeter.atomic import replacing
from mythmeter.config.schema import near
from mythmeter.errors import ConsentError
from mythmeter.models.fetch import sha256_of
from mythmeter.people.asked import Asked
from mythmeter.people.keys import generator_id
from mythmeter.people.ledger import read_ledger
from mythmeter.people.record import RECORD_KINDS, Record, instant, parse_instant, read_record
from mythmeter.people.revocation import require_not_revoked
from mythmeter.usage.record import UsageRecord

Receipt = dict[str, Any]
CLOCK_SKEW = timedelta(minutes=5)
DISTRIBUTIONS = ("none", "private", "public")
"""Who may see a render, from the narrowest to the widest."""


def check_consent(asked: Asked, receipt_path: Path, *, usage: UsageRecord) -> None:
    """Check a person's record against their files and write the receipt.

    Nothing is written when the check fails.
    """
    with usage.phase("steady", files=len(asked.sources)):
        receipt = check(asked, datetime.now(UTC))
        with replacing(receipt_path) as partial:
            text = json.dumps(receipt, indent=2, ensure_ascii=False)
            partial.write_text(text + "\n", encoding="utf-8")


def check(asked: Asked, now: datetime) -> Receipt:
    """Decide whether a record allows what is about to be made.

    Args:
        asked: what is about to be made, and of whom.
        now: the time of the check, with its zone.

    Returns:
        The receipt: the same for the same question, record and files, but for `checked_at`.

    Raises:
        ConsentError: one message with the first reason against it.
    """
    path = asked.record
    record = check_standing(asked, now)
    _check_scope(record, asked)
    used = [_check_source(record, path, clip, file) for clip, file in asked.sources.items()]
    return {
        "receipt_version": 2,
        "decision": "granted",
        "person": asked.person,
        "record_id": record["record_id"],
        "kind": record["kind"],
        "record_sha256": sha256_of(path),
        "signed_by": record["signature"]["key"],
        "subject": record["subject"],
        "controller": record["controller"],
        "scope": record["scope"],
        "purposes": record["purposes"],
        "prohibited_uses": record["prohibited_uses"],
        "statement": record["statement"],
        "revocation": record["revocation"],
        "issued": record["issued"],
        "expires": record["expires"],
        "used": {
            "face": asked.face,
            "voice": asked.voice,
            "languages": sorted(asked.languages),
            "distribution": asked.distribution,
            "purpose": asked.purpose,
        },
        "sources": used,
        "checked_at": instant(now),
    }


def check_standing(asked: Asked, now: datetime) -> Record:
    """Check everything about a record but what it covers: whose, by which key, in force now.

    Raises:
        ConsentError: the first reason against it.
    """
    record = read_record(asked.record)
    _check_whose(record, asked)
    _check_key(record, asked)
    require_not_revoked(record["record_id"], revocation_lists(asked, record), str(asked.record))
    _check_times(record, asked.record, now)
    return record


def standing(asked: Asked, now: datetime) -> str:
    """Say in a word or a message how a record stands: what changes by time alone, not by a file."""
    try:
        check_standing(asked, now)
    except ConsentError as error:
        return str(error)
    return "in force"


def revocation_lists(asked: Asked, record: Record) -> list[Path]:
    """Return the lists that can end a record: the project's, and the one that it names itself.

    Raises:
        ConsentError: the record names a list that is not there.
    """
    lists = [] if asked.revocations is None else [asked.revocations]
    own = record["revocation"].get("list")
    if own is not None:
        path = asked.record.parent / own
        if not path.is_file():
            raise ConsentError(
                f"{asked.record} names a list of revocations, {path}, which is not there; without "
                "it nobody can say that the record is still in force."
            )
        lists.append(path)
    return lists


def _check_whose(record: Record, asked: Asked) -> None:
    path, person = asked.record, asked.person
    if record["person"] != person:
        raise ConsentError(f"{path} is the record of {record['person']!r}, not of {person!r}.")
    wanted = RECORD_KINDS[asked.person_kind]
    if record["kind"] != wanted:
        raise ConsentError(
            f"{path} is a record of kind {record['kind']}; the file of {person} says kind "
            f"{asked.person_kind}, which needs a record of kind {wanted}."
        )


def _check_key(record: Record, asked: Asked) -> None:
    signer = record["signature"]["key"]
    trusted = asked.key or (generator_id() if asked.generated else None)
    if trusted is None and asked.generated:
        raise ConsentError(
            f"{asked.record} was not signed on this machine, whose generator has no key yet. Make "
            f"{asked.person} anew: snakemake --forcerun generate_person"
        )
    if trusted is None:
        raise ConsentError(
            f"The file of {asked.person} pins no `consent_key`, so anybody could have signed "
            f"{asked.record}. Ask {asked.person} for the key (`mythmeter consent keygen` shows it) "
            "and write it there."
        )
    if signer != trusted:
        whose = "this machine's generator" if asked.key is None else f"the file of {asked.person}"
        raise ConsentError(
            f"{asked.record} is signed by {signer}, which is not the key of {whose} ({trusted})."
        )


def _check_times(record: Record, path: Path, now: datetime) -> None:
    issued = parse_instant(record["issued"], f"{path}, issued")
    if issued > now + CLOCK_SKEW:
        raise ConsentError(
            f"{path}: issued {record['issued']}, which is later than now ({instant(now)}). "
            "Check the clock of this machine, or the record."
        )
    refuse_earlier_than([e.signed_at for e in read_ledger(path)], str(path), now)
    refuse_expired(record["expires"], str(path), now)


def refuse_earlier_than(moments: Sequence[str], where: str, now: datetime) -> None:
    """Stop where something was already done at a later time: the clock was set back.

    Raises:
        ConsentError: one of the moments lies ahead.
    """
    latest = max(moments, default=None)
    if latest is not None and parse_instant(latest, where) > now + CLOCK_SKEW:
        raise ConsentError(
            f"{where}: something was done at {latest}, which is later than now ({instant(now)}). "
            "The clock of this machine was set back; set it right."
        )


def refuse_expired(expires: str | None, where: str, now: datetime) -> None:
    """Stop where consent is over.

    Raises:
        ConsentError: it is.
    """
    if expires is not None and parse_instant(expires, f"{where}, expires") <= now:
        raise ConsentError(
            f"{where}: consent expired {expires} (now {instant(now)}). The person can renew it "
            "with `mythmeter consent --renew`."
        )


def _check_scope(record: Record, asked: Asked) -> None:
    scope, path = record["scope"], asked.record
    for what, wanted in (("face", asked.face), ("voice", asked.voice)):
        if wanted and not scope[what]:
            raise ConsentError(
                f"{path}: consent does not cover the {what} of {record['person']} "
                f"(scope.{what} is false), and a render uses it."
            )
    for language in asked.languages:
        if not any(_covers(agreed, language) for agreed in scope["languages"]):
            raise ConsentError(
                f"{path}: consent does not cover language {language!r}, and a render speaks it. "
                f"{near(language, scope['languages'])}"
            )
    if DISTRIBUTIONS.index(asked.distribution) > DISTRIBUTIONS.index(scope["distribution"]):
        raise ConsentError(
            f"{path}: consent is for distribution {scope['distribution']!r}; the config says "
            f"consent.distribution: {asked.distribution}."
        )
    if asked.purpose is not None and asked.purpose not in record["purposes"]:
        raise ConsentError(
            f"{path}: consent does not cover the purpose {asked.purpose!r} (consent.purpose of the "
            f"config). {near(asked.purpose, record['purposes'])}"
        )


def _covers(agreed: str, language: str) -> bool:
    """Whether a language range covers a language: `en` covers `en-gb` (RFC 4647, 3.3.1)."""
    return f"{language.lower()}-".startswith(f"{agreed.lower()}-")


def _check_source(record: Record, path: Path, clip: str, file: Path) -> dict[str, Any]:
    entries = [source for source in record["sources"] if source["clip"] == clip]
    if not entries:
        known = near(clip, (source["clip"] for source in record["sources"]))
        raise ConsentError(f"{path}: clip {clip} ({file}) is not in this record. {known}")
    try:
        found = sha256_of(file)
    except OSError as error:
        raise ConsentError(f"clip {clip}: {file} cannot be read: {error.strerror}.") from error
    if found not in {entry["sha256"] for entry in entries}:
        raise ConsentError(
            f"{path} speaks of another file: clip {clip} ({file}) has sha256 {found}, the "
            f"record says {entries[0]['sha256']}. Restore the file, or ask the person to agree "
            "to this one."
        )
    return {"clip": clip, "file": file.name, "sha256": found}
