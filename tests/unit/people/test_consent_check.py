import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mythmeter.errors import ConsentError
from mythmeter.people.asked import Asked
from mythmeter.people.consent import check_consent
from mythmeter.people.record import Scope, new_draft, new_record, write_record
from mythmeter.usage.record import UsageRecord

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Agree = Callable[..., Path]
Ask = Callable[..., dict[str, Any]]


def test_a_valid_record_gives_a_receipt_that_says_what_was_found(
    agree: Agree, ask: Ask, clips: dict[str, Path]
) -> None:
    path = agree()
    receipt = ask(path)
    assert receipt["decision"] == "granted"
    assert receipt["kind"] == "consent"
    assert receipt["record_id"] == json.loads(path.read_text())["record_id"]
    assert receipt["record_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert receipt["expires"] == "2027-01-01T00:00:00Z"
    assert receipt["scope"]["languages"] == ["en"]
    assert [source["clip"] for source in receipt["sources"]] == ["jane.a", "jane.b"]
    for source, file in zip(receipt["sources"], clips.values(), strict=True):
        assert source["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_two_checks_differ_in_their_time_only(agree: Agree, ask: Ask) -> None:
    path = agree()
    first, second = ask(path), ask(path, now=NOW + timedelta(days=1))
    assert first.pop("checked_at") == "2026-06-01T00:00:00Z"
    assert second.pop("checked_at") == "2026-06-02T00:00:00Z"
    assert first == second


def test_a_missing_record_is_refused(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(ConsentError, match="There is no consent record at"):
        ask(tmp_path / "none.json")


def test_a_draft_is_refused(ask: Ask, tmp_path: Path) -> None:
    write_record(new_draft("jane"), tmp_path / "jane.json")
    with pytest.raises(ConsentError, match="is a draft: nobody has agreed yet"):
        ask(tmp_path / "jane.json")


def test_a_draft_that_only_claims_to_be_in_force_is_refused(ask: Ask, tmp_path: Path) -> None:
    write_record({**new_draft("jane"), "status": "in-force"}, tmp_path / "jane.json")
    with pytest.raises(ConsentError, match="record_id is None"):
        ask(tmp_path / "jane.json")


def test_an_expired_record_is_refused(agree: Agree, ask: Ask) -> None:
    path = agree()
    with pytest.raises(ConsentError, match="consent expired 2027-01-01T00:00:00Z"):
        ask(path, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert ask(path, now=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))


def test_a_record_from_the_future_is_refused(agree: Agree, ask: Ask) -> None:
    with pytest.raises(ConsentError, match="later than now"):
        ask(agree(), now=datetime(2025, 12, 31, tzinfo=UTC))


def test_a_record_for_another_file_is_refused(
    agree: Agree, ask: Ask, clips: dict[str, Path]
) -> None:
    path = agree()
    clips["jane.b"].write_bytes(b"another take")
    with pytest.raises(ConsentError, match=r"speaks of another file: clip jane\.b"):
        ask(path)


def test_a_clip_that_the_record_does_not_list_is_refused(
    agree: Agree, ask: Ask, clips: dict[str, Path]
) -> None:
    path = agree()
    more = {**clips, "jane.c": clips["jane.a"]}
    with pytest.raises(ConsentError, match=r"clip jane\.c .* is not in this record"):
        ask(path, sources=more)


def test_a_missing_clip_is_refused(agree: Agree, ask: Ask, clips: dict[str, Path]) -> None:
    path = agree()
    clips["jane.a"].unlink()
    with pytest.raises(ConsentError, match=r"clip jane\.a: .* cannot be read"):
        ask(path)


@pytest.mark.parametrize("what", ["face", "voice"])
def test_a_scope_without_face_or_voice_is_refused_if_it_is_used(
    agree: Agree, ask: Ask, what: str
) -> None:
    covered = {"face": True, "voice": True, what: False}
    path = agree(Scope(**covered, languages=("en",)))
    with pytest.raises(ConsentError, match=f"does not cover the {what} of jane"):
        ask(path)
    assert ask(path, **{what: False})["used"][what] is False


def test_a_language_outside_the_scope_is_refused(agree: Agree, ask: Ask) -> None:
    with pytest.raises(ConsentError, match="does not cover language 'de'"):
        ask(agree(), languages=["en", "de"])


def test_a_language_covers_its_regions_but_not_the_reverse(agree: Agree, ask: Ask) -> None:
    assert ask(agree(), languages=["en-gb"])
    narrow = agree(Scope(face=True, voice=True, languages=("en-gb",)))
    with pytest.raises(ConsentError, match="does not cover language 'en'"):
        ask(narrow, languages=["en"])


def test_a_record_of_another_person_is_refused(agree: Agree, ask: Ask) -> None:
    with pytest.raises(ConsentError, match="the record of 'jane', not of 'joan'"):
        ask(agree(), person="joan")


@pytest.mark.parametrize("kind", ["synthetic", "corpus"])
def test_a_record_of_another_kind_is_refused(agree: Agree, ask: Ask, kind: str) -> None:
    with pytest.raises(ConsentError, match="of kind consent"):
        ask(agree(), person_kind=kind)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"note": "x"}, "unknown key 'note'"),
        ({"expires": None}, "expires is None"),
        ({"expires": "2027-01-01"}, "time in UTC"),
        ({"expires": "2027-02-30T00:00:00Z"}, "is not a time"),
        ({"sources": []}, "sources is empty"),
        ({"status": "agreed"}, "status is 'agreed'"),
        ({"subject": {"name": "Jane", "exists": False}}, "subject.exists is False"),
        ({"schema_version": "1.0"}, "schema_version is '1.0'"),
    ],
)
def test_a_faulty_record_is_refused_by_its_key(
    agree: Agree, ask: Ask, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConsentError) as error:
        ask(agree(**changes))
    assert message in str(error.value)
    assert "jane.json" in str(error.value)


@pytest.mark.parametrize("text", ["", "not json", "[]", "\x00"])
def test_a_file_that_is_no_record_is_refused(ask: Ask, tmp_path: Path, text: str) -> None:
    (tmp_path / "jane.json").write_text(text)
    with pytest.raises(ConsentError, match="is not a consent record"):
        ask(tmp_path / "jane.json")


def test_a_corpus_record_must_not_be_distributed(
    clips: dict[str, Path], likeness: dict[str, Any]
) -> None:
    corpus = {"name": "GRID", "licence": "CC BY 4.0", "citation": "Cooke et al., 2006"}
    more = {"corpus": corpus, "likeness": likeness}
    scope = Scope(face=True, voice=True, languages=("en",), distribution="none")
    record = new_record("corpus-evaluation", "jane", clips, scope=scope, issued=NOW, **more)
    assert "has not agreed" in record["statement"]
    public = Scope(face=True, voice=True, languages=("en",), distribution="public")
    with pytest.raises(ConsentError, match=r"scope\.distribution is 'public'"):
        new_record("corpus-evaluation", "jane", clips, scope=public, issued=NOW, **more)


def test_a_refused_check_writes_nothing(
    agree: Agree, asked: Callable[..., Asked], tmp_path: Path
) -> None:
    path = agree(Scope(face=True, voice=False, languages=("en",)))
    receipt = tmp_path / "out" / "jane.receipt.json"
    with pytest.raises(ConsentError):
        check_consent(asked(path), receipt, usage=UsageRecord("check_consent", {}))
    assert not receipt.parent.exists()
