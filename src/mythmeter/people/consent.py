"""The gate: a consent record is checked against the files it speaks of, and leaves a receipt.

This makes those who run it accountable; it does not prevent anything, since a local gate can be
removed.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mythmeter.atomic import replacing
from mythmeter.config.schema import near
from mythmeter.errors import ConsentError
from mythmeter.models.fetch import sha256_of
from mythmeter.people.record import RECORD_KINDS, Record, instant, parse_instant, read_record
from mythmeter.usage.record import UsageRecord

Receipt = dict[str, Any]
_CLOCK_SKEW = timedelta(minutes=5)


def check_consent(
    record_path: Path,
    sources: Mapping[str, Path],
    receipt_path: Path,
    *,
    person: str,
    person_kind: str,
    face: bool,
    voice: bool,
    languages: Sequence[str],
    usage: UsageRecord,
) -> None:
    """Check a person's record against their files and write the receipt.

    Args are those of `check`. Nothing is written when the check fails.
    """
    with usage.phase("steady", files=len(sources)):
        receipt = check(
            record_path,
            sources,
            person=person,
            person_kind=person_kind,
            face=face,
            voice=voice,
            languages=languages,
            now=datetime.now(UTC),
        )
        with replacing(receipt_path) as partial:
            text = json.dumps(receipt, indent=2, ensure_ascii=False)
            partial.write_text(text + "\n", encoding="utf-8")


def check(
    record_path: Path,
    sources: Mapping[str, Path],
    *,
    person: str,
    person_kind: str,
    face: bool,
    voice: bool,
    languages: Sequence[str],
    now: datetime,
) -> Receipt:
    """Decide whether a record allows what is about to be made.

    Args:
        record_path: the record.
        sources: id and file of each clip of the person.
        person: name of the person's file.
        person_kind: `synthetic`, `person` or `corpus`, as the person's file says.
        face: whether a face is generated.
        voice: whether a voice is generated.
        languages: languages that the person is made to speak.
        now: the time of the check, with its zone.

    Returns:
        The receipt: the same for the same record and files, but for `checked_at`.

    Raises:
        ConsentError: one message with the first reason against it.
    """
    record = read_record(record_path)
    _check_whose(record, record_path, person, person_kind)
    _check_times(record, record_path, now)
    _check_scope(record, record_path, face=face, voice=voice, languages=languages)
    used = [_check_source(record, record_path, clip, path) for clip, path in sources.items()]
    return {
        "receipt_version": 1,
        "decision": "granted",
        "person": person,
        "record_id": record["record_id"],
        "kind": record["kind"],
        "record_sha256": sha256_of(record_path),
        "subject": record["subject"],
        "controller": record["controller"],
        "scope": record["scope"],
        "statement": record["statement"],
        "revocation": record["revocation"],
        "issued": record["issued"],
        "expires": record["expires"],
        "used": {"face": face, "voice": voice, "languages": sorted(languages)},
        "sources": used,
        "checked_at": instant(now),
    }


def recheck(receipt_path: Path, now: datetime, duration_s: float | None = None) -> Receipt:
    """Check again, when a render is signed, that its consent still holds.

    Args:
        receipt_path: the receipt that `check_consent` wrote.
        now: the time of signing, with its zone.
        duration_s: length of the render, held against the minutes of the scope.

    Returns:
        The receipt.

    Raises:
        ConsentError: no receipt, consent over, or a longer render than was agreed to.
    """
    try:
        receipt = json.loads(receipt_path.read_text(encoding="utf-8"))
        granted = receipt["decision"] == "granted"
        minutes, expires = receipt["scope"]["minutes"], receipt["expires"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConsentError(f"{receipt_path} is not a consent receipt: {error}.") from error
    if not granted:
        raise ConsentError(f"{receipt_path}: consent was not granted.")
    _refuse_expired(expires, str(receipt_path), now)
    if duration_s is not None and minutes is not None and duration_s > minutes * 60:
        raise ConsentError(
            f"{receipt_path}: consent is for renders of at most {minutes:g} minutes; this one "
            f"lasts {duration_s / 60:.2f}. Shorten the script, or ask {receipt['person']} for more."
        )
    return dict(receipt)


def _check_whose(record: Record, path: Path, person: str, person_kind: str) -> None:
    if record["person"] != person:
        raise ConsentError(f"{path} is the record of {record['person']!r}, not of {person!r}.")
    wanted = RECORD_KINDS[person_kind]
    if record["kind"] != wanted:
        raise ConsentError(
            f"{path} is a record of kind {record['kind']}; the file of {person} says kind "
            f"{person_kind}, which needs a record of kind {wanted}."
        )


def _check_times(record: Record, path: Path, now: datetime) -> None:
    issued = parse_instant(record["issued"], f"{path}, issued")
    if issued > now + _CLOCK_SKEW:
        raise ConsentError(
            f"{path}: issued {record['issued']}, which is later than now ({instant(now)}). "
            "Check the clock of this machine, or the record."
        )
    _refuse_expired(record["expires"], str(path), now)


def _refuse_expired(expires: str | None, where: str, now: datetime) -> None:
    if expires is not None and parse_instant(expires, f"{where}, expires") <= now:
        raise ConsentError(
            f"{where}: consent expired {expires} (now {instant(now)}). The person can renew it "
            "with `mythmeter consent --renew`."
        )


def _check_scope(
    record: Record, path: Path, *, face: bool, voice: bool, languages: Sequence[str]
) -> None:
    scope = record["scope"]
    for what, wanted in (("face", face), ("voice", voice)):
        if wanted and not scope[what]:
            raise ConsentError(
                f"{path}: consent does not cover the {what} of {record['person']} "
                f"(scope.{what} is false), and a render uses it."
            )
    for language in languages:
        if not any(_covers(agreed, language) for agreed in scope["languages"]):
            raise ConsentError(
                f"{path}: consent does not cover language {language!r}, and a render speaks it. "
                f"{near(language, scope['languages'])}"
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
