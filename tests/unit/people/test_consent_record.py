import hashlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from mythmeter.errors import ConsentError
from mythmeter.people.keys import SigningKey
from mythmeter.people.record import Scope, new_record, read_record, write_record
from mythmeter.people.signature import signed

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SCOPE = Scope(face=True, voice=True, languages=("en",), distribution="public")
GENERATOR = ("generate_person", "0.1.0")


def test_a_synthetic_record_names_its_generator_and_hashes_its_files(
    clips: dict[str, Path], tmp_path: Path, key: SigningKey
) -> None:
    record = new_record("synthetic", "jane", clips, scope=SCOPE, issued=NOW, generator=GENERATOR)
    record = signed(record, key)
    write_record(record, tmp_path / "record.json")
    assert read_record(tmp_path / "record.json") == record
    assert record["subject"] == {"name": "jane", "exists": False}
    assert record["generator"] == {"name": "generate_person", "version": "0.1.0"}
    assert record["sources"][0]["sha256"] == hashlib.sha256(b"a" * 100).hexdigest()
    assert record["expires"] is None


def test_the_same_arguments_and_files_give_the_same_record(clips: dict[str, Path]) -> None:
    def make() -> dict[str, object]:
        return new_record("synthetic", "jane", clips, scope=SCOPE, issued=NOW, generator=GENERATOR)

    first = make()
    assert make() == first
    clips["jane.a"].write_bytes(b"changed")
    assert make()["record_id"] != first["record_id"]


def test_times_are_written_in_utc(clips: dict[str, Path]) -> None:
    east = datetime(2026, 6, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    record = new_record("synthetic", "jane", clips, scope=SCOPE, issued=east, generator=GENERATOR)
    assert record["issued"] == "2026-06-01T00:00:00Z"


def test_the_statement_says_only_what_is_agreed_to(
    clips: dict[str, Path], likeness: dict[str, Any]
) -> None:
    scope = Scope(face=True, voice=False, languages=("en",))
    expires = NOW + timedelta(days=1)
    record = new_record(
        "consent", "jane", clips, scope=scope, issued=NOW, expires=expires, likeness=likeness
    )
    assert "my face in the files" in record["statement"]
    assert "voice" not in record["statement"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("consent", "expires is None"),
        ("consent", "lacks 'likeness'"),
        ("synthetic", "lacks 'generator'"),
        ("corpus-evaluation", "lacks 'corpus'"),
    ],
)
def test_what_a_kind_needs_must_be_given(clips: dict[str, Path], kind: str, message: str) -> None:
    with pytest.raises(ConsentError, match=message):
        new_record(kind, "jane", clips, scope=SCOPE, issued=NOW)


def test_a_file_that_is_not_there_cannot_be_agreed_to(tmp_path: Path) -> None:
    clips = {"jane.a": tmp_path / "none.mp4"}
    with pytest.raises(ConsentError, match=r"clip jane\.a: .*none\.mp4 cannot be read"):
        new_record("synthetic", "jane", clips, scope=SCOPE, issued=NOW, generator=GENERATOR)
