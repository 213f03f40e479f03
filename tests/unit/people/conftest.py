from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mythmeter.people.asked import Asked
from mythmeter.people.consent import Receipt, check
from mythmeter.people.keys import SigningKey
from mythmeter.people.likeness import Likeness, describe, write_likeness
from mythmeter.people.record import Party, Record, Scope, likeness_path, new_record, write_record
from mythmeter.people.signature import signed

ISSUED = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRES = datetime(2027, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
WEIGHTS = {"dlib_face": "f" * 64, "dvector": "d" * 64}


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, Path]:
    """Two clips of jane; no video is needed to hash one."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").write_bytes(name.encode() * 100)
    return {f"jane.{name}": tmp_path / f"{name}.mp4" for name in ("a", "b")}


@pytest.fixture
def key() -> SigningKey:
    """Jane's key."""
    return SigningKey(Ed25519PrivateKey.generate())


@pytest.fixture
def likeness(tmp_path: Path) -> dict[str, Any]:
    """What jane looks and sounds like, beside her record."""
    taken = Likeness(np.eye(128)[0], np.eye(256)[0], face_samples=12, voice_samples=8)
    path = likeness_path(tmp_path / "jane.json")
    write_likeness(taken, path)
    return describe(taken, path, WEIGHTS)


@pytest.fixture
def agree(
    clips: dict[str, Path], tmp_path: Path, key: SigningKey, likeness: dict[str, Any]
) -> Callable[..., Path]:
    """Write a signed record of consent, some of it changed before; return its path."""

    def write(scope: Scope | None = None, signer: SigningKey = key, **changes: Any) -> Path:
        record: Record = new_record(
            "consent",
            "jane",
            clips,
            scope=scope or Scope(face=True, voice=True, languages=("en",)),
            issued=ISSUED,
            expires=EXPIRES,
            subject="Jane Doe",
            controller=Party("Jane Doe", "jane@example.org"),
            likeness=likeness,
        )
        path = tmp_path / "jane.json"
        write_record(signed({**record, **changes}, signer), path)
        return path

    return write


@pytest.fixture
def asked(clips: dict[str, Path], key: SigningKey, tmp_path: Path) -> Callable[..., Asked]:
    """Put a question about jane's two clips, with some of it changed."""

    def ask_it(record: Path, **changes: Any) -> Asked:
        question = Asked(
            record=record,
            sources=clips,
            person="jane",
            person_kind="person",
            key=key.id,
            face=True,
            voice=True,
            languages=["en"],
            revocations=tmp_path / "revoked.json",
        )
        return replace(question, **changes)

    return ask_it


@pytest.fixture
def ask(asked: Callable[..., Asked]) -> Callable[..., Receipt]:
    """Check a record against jane's two clips, with some of the question changed."""

    def check_it(record: Path, now: datetime = NOW, **changes: Any) -> Receipt:
        return check(asked(record, **changes), now)

    return check_it
