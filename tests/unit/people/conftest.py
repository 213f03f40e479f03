from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mythmeter.people.consent import Receipt, check
from mythmeter.people.record import Party, Record, Scope, new_record, write_record

ISSUED = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRES = datetime(2027, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, Path]:
    """Two clips of jane; no video is needed to hash one."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").write_bytes(name.encode() * 100)
    return {f"jane.{name}": tmp_path / f"{name}.mp4" for name in ("a", "b")}


@pytest.fixture
def agree(clips: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """Write a record of consent, with some of it changed; return its path."""

    def write(scope: Scope | None = None, **changes: Any) -> Path:
        record: Record = new_record(
            "consent",
            "jane",
            clips,
            scope=scope or Scope(face=True, voice=True, languages=("en",)),
            issued=ISSUED,
            expires=EXPIRES,
            subject="Jane Doe",
            controller=Party("Jane Doe", "jane@example.org"),
        )
        path = tmp_path / "jane.json"
        write_record({**record, **changes}, path)
        return path

    return write


@pytest.fixture
def ask(clips: dict[str, Path]) -> Callable[..., Receipt]:
    """Check a record against jane's two clips, with some of the question changed."""

    def check_it(record: Path, **changes: Any) -> Receipt:
        question: dict[str, Any] = {
            "person": "jane",
            "person_kind": "person",
            "face": True,
            "voice": True,
            "languages": ["en"],
            "now": NOW,
        }
        return check(record, changes.pop("sources", clips), **{**question, **changes})

    return check_it
