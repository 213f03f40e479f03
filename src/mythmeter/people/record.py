"""Consent records: who may be imitated, by whom, for what, until when, from which files.

The fields follow ISO/IEC TS 27560:2023 (consent record information structure) and the terms of the
W3C Data Privacy Vocabulary (dpv:ConsentRecord); docs/consent.md maps one to the other.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from mythmeter.atomic import replacing
from mythmeter.config.schema import dotted, validate
from mythmeter.errors import ConsentError
from mythmeter.models.fetch import sha256_of
from mythmeter.people.signature import canonical, file_text, require_exact, require_signature

Kind = Literal["consent", "synthetic", "corpus-evaluation"]
Record = dict[str, Any]

SCHEMA_VERSION = "2.0"
RECORD_KINDS: Mapping[str, Kind] = {
    "synthetic": "synthetic",
    "person": "consent",
    "corpus": "corpus-evaluation",
}
"""Which kind of record each kind of person needs."""

PROHIBITED_USES = (
    "to deceive anyone about what the person said or did",
    "fraud, or passing a check of identity",
    "sexual content",
    "political persuasion",
    "harassment or defamation",
    "training of a model beyond the renders named here",
)
STATEMENTS: Mapping[Kind, str] = {
    "consent": (
        "I agree that my {what} in the files listed here are used to make renders of me within "
        "this scope, each labelled as AI-generated. I can take this back at any time."
    ),
    "synthetic": "This person does not exist. The files listed here were generated.",
    "corpus-evaluation": (
        "The person in these files has not agreed to be imitated. The files are part of a research "
        "corpus and are used under its licence to evaluate this software; no render is distributed."
    ),
}


@dataclass(frozen=True)
class Scope:
    """What a record covers."""

    face: bool
    voice: bool
    languages: tuple[str, ...]
    minutes: float | None = None
    """All renders together, in minutes; None: no limit."""
    distribution: Literal["none", "private", "public"] = "private"


@dataclass(frozen=True)
class Party:
    """Someone who answers for something: a name, and how to reach them."""

    name: str
    contact: str


def new_record(
    kind: Kind,
    person: str,
    sources: Mapping[str, Path],
    *,
    scope: Scope,
    issued: datetime,
    expires: datetime | None = None,
    subject: str = "",
    controller: Party | None = None,
    revocation_contact: str = "",
    purposes: Sequence[str] = (),
    statement: str = "",
    generator: tuple[str, str] | None = None,
    corpus: Mapping[str, str] | None = None,
    likeness: Mapping[str, Any] | None = None,
) -> Record:
    """Build a valid record over the files as they are now; it is signed with `signature.signed`.

    Args:
        kind: `consent` (a person agreed), `synthetic` (nobody exists to agree) or
            `corpus-evaluation` (research material; nobody agreed).
        person: name of the person's file.
        sources: each clip's id (`ada.a`) and its file; their sha256 go into the record.
        scope: what is covered.
        issued: when, in any time zone.
        expires: when it ends; a `consent` needs one.
        subject: the person's name; a `consent` needs one.
        controller: who makes the renders and answers for them.
        revocation_contact: where the person takes the consent back; the controller by default.
        purposes: what for.
        statement: the sentence that is agreed to; one fitting the kind by default.
        generator: name and version of what generated a `synthetic` person.
        corpus: `name`, `licence` and `citation` of a corpus.
        likeness: what the person looks and sounds like, see `likeness.describe`; needed unless
            nobody exists.

    Returns:
        The record, not signed yet. The same arguments and files give the same record, its
        id included.

    Raises:
        ConsentError: something that this kind of record needs is missing, or a file is.
    """
    controller = controller or Party("Mythmeter", "the person who runs this workflow")
    record: Record = {
        "schema_version": SCHEMA_VERSION,
        "record_id": "",
        "kind": kind,
        "status": "in-force",
        "person": person,
        "subject": {"name": subject or person, "exists": kind != "synthetic"},
        "controller": asdict(controller),
        "purposes": list(purposes) or ["measuring what a labelled, signed deepfake costs to make"],
        "prohibited_uses": list(PROHIBITED_USES),
        "scope": {**asdict(scope), "languages": list(scope.languages)},
        "statement": statement or STATEMENTS[kind].format(what=_what(scope)),
        "issued": instant(issued),
        "expires": None if expires is None else instant(expires),
        "revocation": {"contact": revocation_contact or controller.contact},
        "sources": [_source(clip, path) for clip, path in sources.items()],
    }
    if generator is not None:
        record["generator"] = {"name": generator[0], "version": generator[1]}
    if corpus is not None:
        record["corpus"] = dict(corpus)
    if likeness is not None:
        record["likeness"] = dict(likeness)
    record["record_id"] = uuid.uuid5(uuid.NAMESPACE_OID, canonical(record)).urn
    check_schema(record, f"new record of {person}")
    return record


def new_draft(person: str, languages: Sequence[str] = ("en",)) -> Record:
    """Return a record with nothing agreed to yet, for the person to complete."""
    return {
        "schema_version": SCHEMA_VERSION,
        "record_id": None,
        "kind": "consent",
        "status": "draft",
        "person": person,
        "subject": {"name": None, "exists": True},
        "controller": {"name": None, "contact": None},
        "purposes": [],
        "prohibited_uses": list(PROHIBITED_USES),
        "scope": {
            "face": False,
            "voice": False,
            "languages": list(languages),
            "minutes": None,
            "distribution": "private",
        },
        "statement": None,
        "issued": None,
        "expires": None,
        "revocation": {"contact": None},
        "sources": [],
    }


def likeness_path(record: Path) -> Path:
    """Return where the embeddings of a record lie."""
    return record.with_name(f"{record.stem}.likeness.json")


def write_record(record: Record, path: Path) -> None:
    """Write a record, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(file_text(record), encoding="utf-8")


def read_record(path: Path) -> Record:
    """Read a record that is in force by its own word; check its schema, form and signature.

    Whether the key that signed it is one to trust is for `consent.check` to say.

    Raises:
        ConsentError: not there, not JSON, a draft, not as the schema wants it, not signed, or
            changed by as much as a byte since it was.
    """
    record = read_any_record(path)
    if record.get("status") == "draft":
        raise ConsentError(
            f"{path} is a draft: nobody has agreed yet. The person completes it with "
            "`mythmeter consent` and the folder of the project."
        )
    check_schema(record, str(path))
    require_signature(record, str(path))
    require_exact(path.read_bytes(), record, str(path))
    return record


def read_any_record(path: Path) -> Record:
    """Read a record or a draft, unchecked.

    Raises:
        ConsentError: not there, or not a JSON object.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConsentError(
            f"There is no consent record at {path}; without one nothing runs."
        ) from error
    except (OSError, ValueError) as error:
        raise ConsentError(f"{path} is not a consent record: {error}.") from error
    if not isinstance(record, dict):
        raise ConsentError(f"{path} is not a consent record: it must be a JSON object.")
    return record


def check_schema(record: Record, where: str) -> None:
    """Check a record against its schema.

    Raises:
        ConsentError: the faults, by key.
    """
    validate(record, "consent", lambda keys: f"{where}, {dotted(keys)}", ConsentError)


def instant(when: datetime) -> str:
    """Write a time as records do: UTC, whole seconds, `2026-11-21T10:00:00Z`."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str, where: str) -> datetime:
    """Read a time of a record.

    Raises:
        ConsentError: no such day or hour.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ConsentError(f"{where}: {text!r} is not a time: {error}.") from error


def _what(scope: Scope) -> str:
    return " and ".join(name for name in ("face", "voice") if getattr(scope, name)) or "likeness"


def _source(clip: str, path: Path) -> dict[str, Any]:
    try:
        return {
            "clip": clip,
            "file": path.name,
            "sha256": sha256_of(path),
            "bytes": path.stat().st_size,
        }
    except OSError as error:
        raise ConsentError(f"clip {clip}: {path} cannot be read: {error.strerror}.") from error
