"""Footage whose performer's face is replaced: a record of the licence that allows it.

The performer is not imitated but loses their likeness, so no consent record fits. What is needed
is a licence that lets the footage be changed, and a word on whether the performer released it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mythmeter.config.schema import dotted, validate
from mythmeter.errors import ConsentError
from mythmeter.models.fetch import sha256_of
from mythmeter.people.record import instant

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True)
class Footage:
    """A target clip and its licence record."""

    clip: str
    """Its id in the configuration."""
    path: Path
    record: Path


def new_licence(
    clip: str,
    path: Path,
    *,
    licence: str,
    source: str,
    recorded: datetime,
    licensor: str = "",
    release: str = "not known",
) -> dict[str, Any]:
    """Return the licence record of footage as it is now.

    Args:
        clip: id of the footage.
        path: its file.
        licence: what lets it be used and changed.
        source: where it comes from.
        recorded: when this is written down.
        licensor: who gives the licence.
        release: whether the performer agreed to alterations: `given`, `by licence`, `not known`.

    Raises:
        ConsentError: something is missing, or the file.
    """
    record = {
        "schema_version": SCHEMA_VERSION,
        "kind": "footage-licence",
        "clip": clip,
        "file": path.name,
        "sha256": _hash(clip, path),
        "licence": licence,
        "licensor": licensor or source or "the person who runs this workflow",
        "source": source or "own footage",
        "performer": {"likeness": "replaced", "imitated": False, "release": release},
        "recorded": instant(recorded),
    }
    _check_schema(record, f"new licence record of {clip}")
    return record


def check_footage(footage: Footage) -> Mapping[str, Any]:
    """Check that a licence record is whole and speaks of this footage; return it.

    Raises:
        ConsentError: it does not.
    """
    path = footage.record
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConsentError(f"{path} is not a footage licence record: {error}.") from error
    _check_schema(record, str(path))
    if record["clip"] != footage.clip:
        raise ConsentError(f"{path} is the licence of {record['clip']!r}, not of {footage.clip!r}.")
    found = _hash(footage.clip, footage.path)
    if found != record["sha256"]:
        raise ConsentError(
            f"{path} is the licence of another file: {footage.path} has sha256 {found}, the record "
            f"says {record['sha256']}. Restore the file, or write down its licence anew."
        )
    return dict(record)


def footage_of(job: Any) -> Footage | None:
    """Return the footage of a job of Snakemake, and its record; None where it has no record."""
    records = list(getattr(job.input, "licence", ()))
    if not records:
        return None
    return Footage(job.params.footage, Path(job.input.footage), Path(records[0]))


def _check_schema(record: Any, where: str) -> None:
    validate(record, "footage", lambda keys: f"{where}, {dotted(keys)}", ConsentError)


def _hash(clip: str, path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise ConsentError(f"footage {clip}: {path} cannot be read: {error.strerror}.") from error
