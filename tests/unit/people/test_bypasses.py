"""Ways round the gate, each tried: none may end in a signature."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mythmeter.errors import ConfigError, ConsentError
from mythmeter.people.asked import Asked
from mythmeter.people.consent import check
from mythmeter.people.keys import SigningKey
from mythmeter.people.ledger import Signed, open_ledger, read_ledger
from mythmeter.people.record import Scope, instant
from mythmeter.people.revocation import revoke
from mythmeter.people.signing import SigningGate

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Agree = Callable[..., Path]
Ask = Callable[..., dict[str, Any]]
Asks = Callable[..., Asked]
Sign = Callable[..., Path]


@pytest.fixture
def sign(asked: Asks, tmp_path: Path) -> Sign:
    """Check a record, let something happen, then sign ten minutes later; return the render."""
    checks = iter(range(100))

    def run(
        record: Path,
        meanwhile: Callable[[Path], object] = lambda receipt: None,
        *,
        now: datetime | None = None,
        duration_s: float = 30.0,
        name: str = "demo",
        question: dict[str, Any] | None = None,
    ) -> Path:
        question = question or {}
        receipt = tmp_path / f"{name}.receipt.json"
        checked = NOW + timedelta(hours=next(checks))
        content = check(asked(record, **question), checked)
        receipt.write_text(json.dumps(content))
        generated = tmp_path / "results" / "render" / name
        generated.mkdir(parents=True, exist_ok=True)
        (generated / "chunk.mp4").write_bytes(b"generated")
        matches = {what: tmp_path / f"{what}.json" for what in ("face", "voice")}
        for what, path in matches.items():
            path.write_text(json.dumps(match_of(what, content)))
        render = tmp_path / "renders" / f"{name}.mp4"
        meanwhile(receipt)
        gate = SigningGate(receipt, asked(record, **question), matches, generated=[generated])
        try:
            with gate.consented(render, duration_s, now or checked + timedelta(minutes=10)):
                render.parent.mkdir(exist_ok=True)
                render.write_bytes(b"signed")
        except ConsentError:
            assert not render.exists(), "a refused render must not be there"
            assert not generated.exists(), "generated media must go with it"
            raise
        return render

    return run


def match_of(what: str, receipt: dict[str, Any]) -> dict[str, Any]:
    clips = {source["clip"]: {"distance": 0.1, "samples": 4} for source in receipt["sources"]}
    return {
        "decision": "same person",
        "what": what,
        "record_id": receipt["record_id"],
        "threshold": 0.2,
        "clips": clips,
    }


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_was_agreed_to_is_signed_and_entered_in_the_ledger(agree: Agree, sign: Sign) -> None:
    record = agree()
    render = sign(record)
    (entry,) = read_ledger(record)
    assert (entry.file, entry.duration_s, entry.person) == (str(render), 30.0, "jane")
    assert entry.record_id == json.loads(record.read_text())["record_id"]


def test_1_expired_before_or_during_the_run(agree: Agree, ask: Ask, sign: Sign) -> None:
    record = agree()
    with pytest.raises(ConsentError, match="consent expired"):
        ask(record, now=datetime(2027, 1, 1, tzinfo=UTC))
    with pytest.raises(ConsentError, match="consent expired"):
        sign(record, now=datetime(2027, 1, 1, tzinfo=UTC))


def test_2_not_yet_valid(agree: Agree, ask: Ask) -> None:
    with pytest.raises(ConsentError, match="later than now"):
        ask(agree(), now=datetime(2025, 12, 31, tzinfo=UTC))


def test_3_revoked_before_or_during_the_run(
    agree: Agree, ask: Ask, sign: Sign, tmp_path: Path
) -> None:
    record = agree()
    record_id = json.loads(record.read_text())["record_id"]
    revoked = tmp_path / "revoked.json"
    with pytest.raises(ConsentError, match=r"taken back at 2026-06-01T00:00:00Z \(changed my mind"):
        sign(record, lambda _: revoke(revoked, record_id, NOW, "changed my mind"))
    with pytest.raises(ConsentError, match="taken back"):
        ask(record)
    revoked.write_text("not a list")
    with pytest.raises(ConsentError, match="is not a list of revocations"):
        ask(record)


def test_3b_the_list_that_the_record_itself_names_counts_and_must_be_there(
    agree: Agree, ask: Ask, tmp_path: Path
) -> None:
    record = agree(revocation={"contact": "jane@example.org", "list": "janes-list.json"})
    with pytest.raises(ConsentError, match=r"janes-list\.json, which is not there"):
        ask(record)
    revoke(tmp_path / "janes-list.json", "urn:uuid:another", NOW)
    assert ask(record)["decision"] == "granted"
    revoke(tmp_path / "janes-list.json", json.loads(record.read_text())["record_id"], NOW)
    with pytest.raises(ConsentError, match="taken back"):
        ask(record)


def test_4_edited_by_one_byte_anywhere(agree: Agree, ask: Ask) -> None:
    record = agree()
    original = record.read_bytes()
    assert ask(record)
    for position in range(0, len(original), 23):
        for change in (original[position] ^ 1, ord(" ")):
            if change == original[position]:
                continue
            record.write_bytes(original[:position] + bytes([change]) + original[position + 1 :])
            with pytest.raises(ConsentError):
                ask(record)
    for text in (original + b" ", original[:-1], original.replace(b"\n", b"\r\n")):
        record.write_bytes(text)
        with pytest.raises(ConsentError):
            ask(record)


def test_4b_a_signature_has_one_spelling(agree: Agree, ask: Ask) -> None:
    record = agree()
    content = json.loads(record.read_text())
    value = content["signature"]["value"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelt = value[:-1] + letters[letters.index(value[-1]) ^ 1]
    record.write_text(record.read_text().replace(value, respelt))
    with pytest.raises(ConsentError, match="is not what"):
        ask(record)


def test_5_signed_by_another_key_or_by_none(agree: Agree, ask: Ask, key: SigningKey) -> None:
    other = SigningKey(Ed25519PrivateKey.generate())
    with pytest.raises(ConsentError, match="not the key of the file of jane"):
        ask(agree(signer=other))
    record = agree()
    content = json.loads(record.read_text())
    content["signature"]["key"] = other.id
    record.write_text(json.dumps(content, indent=2) + "\n")
    with pytest.raises(ConsentError, match="is not what"):
        ask(record)
    del content["signature"]
    record.write_text(json.dumps(content, indent=2) + "\n")
    with pytest.raises(ConsentError, match="is not signed"):
        ask(record)


def test_5b_without_a_pinned_key_nobodys_signature_counts(agree: Agree, ask: Ask) -> None:
    with pytest.raises(ConsentError, match="pins no `consent_key`"):
        ask(agree(), key=None)


def test_5c_a_person_is_not_generated_by_saying_so(
    agree: Agree, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(ConsentError, match="generator has no key"):
        ask(agree(), key=None, generated=True)
    with pytest.raises(ConsentError, match="of kind consent"):
        ask(agree(), person_kind="synthetic", generated=True)


def test_6_a_source_file_swapped_before_or_during_the_run(
    agree: Agree, ask: Ask, sign: Sign, clips: dict[str, Path]
) -> None:
    record = agree()
    with pytest.raises(ConsentError, match="speaks of another file"):
        sign(record, lambda _: clips["jane.b"].write_bytes(b"joan"))
    with pytest.raises(ConsentError, match="speaks of another file"):
        ask(record)


def test_7_a_record_for_the_voice_alone_used_for_a_face(agree: Agree, ask: Ask) -> None:
    record = agree(Scope(face=False, voice=True, languages=("en",)))
    with pytest.raises(ConsentError, match="does not cover the face"):
        ask(record)


def test_8_a_language_purpose_or_distribution_beyond_the_scope(agree: Agree, ask: Ask) -> None:
    record = agree()
    with pytest.raises(ConsentError, match="does not cover language 'de'"):
        ask(record, languages=["de"])
    with pytest.raises(ConsentError, match="does not cover the purpose 'advertising'"):
        ask(record, purpose="advertising")
    with pytest.raises(ConsentError, match="for distribution 'private'"):
        ask(record, distribution="public")
    assert ask(record, distribution="private")["used"]["distribution"] == "private"


def test_9_minutes_beyond_the_scope_in_one_render_or_in_several(agree: Agree, sign: Sign) -> None:
    record = agree(Scope(face=True, voice=True, languages=("en",), minutes=1))
    with pytest.raises(ConsentError, match=r"for 1 minutes of renders in all; 0\.00 are signed"):
        sign(record, duration_s=61)
    sign(record, name="one", duration_s=40)
    with pytest.raises(ConsentError, match=r"0\.67 are signed already and this one lasts 0\.42"):
        sign(record, name="two", duration_s=25)
    sign(record, name="one", duration_s=59)  # made again: it replaces its former self
    assert [entry.duration_s for entry in read_ledger(record)] == [40, 59]


def test_9b_a_ledger_that_cannot_be_read_is_not_an_empty_one(agree: Agree, sign: Sign) -> None:
    record = agree()
    sign(record)
    record.with_name("jane.renders.jsonl").write_text("{}\n")
    with pytest.raises(ConsentError, match="is not a ledger of renders"):
        sign(record)


def test_10_a_receipt_copied_from_another_person_or_render(
    agree: Agree, sign: Sign, ask: Ask
) -> None:
    record = agree()
    wider = ask(record, languages=["en", "en-gb"])
    with pytest.raises(ConsentError, match=r"does not say what .* \(used differ\)"):
        sign(record, lambda receipt: receipt.write_text(json.dumps(wider)))
    with pytest.raises(ConsentError, match=r"\(person differ\)"):
        sign(record, lambda receipt: edit(receipt, person="joan"))


@pytest.mark.parametrize(
    "change",
    [
        {"expires": "2099-01-01T00:00:00Z"},
        {"kind": "synthetic"},
        {"scope": {"face": True, "voice": True, "languages": ["de"], "minutes": None}},
        {"record_sha256": "0" * 64},
        {"decision": "refused"},
        {"note": "added"},
    ],
)
def test_11_a_receipt_that_was_edited(agree: Agree, sign: Sign, change: dict[str, Any]) -> None:
    with pytest.raises(ConsentError, match=r"does not say what|was not granted"):
        sign(agree(), lambda receipt: edit(receipt, **change))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"decision": "granted"}', "null"])
def test_11b_no_receipt_at_all(agree: Agree, sign: Sign, text: str) -> None:
    with pytest.raises(ConsentError, match="is not a consent receipt"):
        sign(agree(), lambda receipt: receipt.write_text(text))
    with pytest.raises(ConsentError, match="is not a consent receipt"):
        sign(agree(), lambda receipt: receipt.unlink())


def test_12_the_clock_set_back(agree: Agree, ask: Ask, sign: Sign) -> None:
    record = agree()
    with pytest.raises(ConsentError, match="clock of this machine was set back"):
        sign(record, now=NOW - timedelta(hours=1))
    later = datetime(2027, 5, 1, tzinfo=UTC)
    with open_ledger(record) as ledger:
        ledger.add(Signed("urn:uuid:x", "jane", "/x.mp4", 1.0, "0" * 64, instant(later)))
    with pytest.raises(ConsentError, match="clock of this machine was set back"):
        ask(record)


def test_13_the_record_deleted_in_the_middle_of_a_run(agree: Agree, sign: Sign) -> None:
    record = agree()
    with pytest.raises(ConsentError, match="There is no consent record"):
        sign(record, lambda _: record.unlink())


def test_13b_the_record_replaced_by_a_wider_one_in_the_middle_of_a_run(
    agree: Agree, sign: Sign
) -> None:
    record = agree()
    wider = Scope(face=True, voice=True, languages=("en", "de"))
    with pytest.raises(ConsentError, match="does not say what"):
        sign(record, lambda _: agree(wider))


def test_14_a_link_turned_to_another_file_after_the_check(
    agree: Agree, sign: Sign, clips: dict[str, Path], tmp_path: Path
) -> None:
    real = tmp_path / "real.mp4"
    real.write_bytes(clips["jane.a"].read_bytes())
    clips["jane.a"].unlink()
    clips["jane.a"].symlink_to(real)
    record = agree()
    assert sign(record).exists()

    def turn(_receipt: Path) -> None:
        other = tmp_path / "joan.mp4"
        other.write_bytes(b"joan")
        clips["jane.a"].unlink()
        clips["jane.a"].symlink_to(other)

    with pytest.raises(ConsentError, match="speaks of another file"):
        sign(record, turn, name="other")


def test_14b_a_record_reached_through_a_link_is_still_its_own_persons(
    agree: Agree, ask: Ask, tmp_path: Path
) -> None:
    agree()
    link = tmp_path / "people" / ".." / "joan.json"
    (tmp_path / "people").mkdir()
    (tmp_path / "joan.json").symlink_to(tmp_path / "jane.json")
    with pytest.raises(ConsentError, match="the record of 'jane', not of 'joan'"):
        ask(link, person="joan")


@pytest.mark.parametrize(
    "name",
    ["../jane", "Jane", "ja ne", "j\u0430ne", "jane\u200b", ".jane", "jane/../joan", "-x", ""],
)
def test_15_tricks_with_names_in_the_sheet(name: str, tmp_path: Path) -> None:
    from mythmeter.config.sheet import read_sheet

    for column in ("name", "person"):
        row = {"name": "demo", "person": "jane", "target": "scene", column: name}
        sheet = tmp_path / "renders.tsv"
        sheet.write_text(
            "\t".join([*row, "script"]) + "\n" + "\t".join([*row.values(), "Hello."]) + "\n"
        )
        with pytest.raises(ConfigError, match=r"renders\.tsv"):
            read_sheet(sheet, tmp_path, check=True)


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.mkdir", "!!python/name:os.system", "!x"])
def test_16_yaml_tags_build_nothing(tag: str, tmp_path: Path) -> None:
    from mythmeter.config.persons import load_people

    made = tmp_path / "made"
    (tmp_path / "jane.yaml").write_text(f"name: jane\nkind: {tag} ['{made}']\n")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_people(tmp_path, tmp_path, check=True)
    assert not made.exists()


def test_17_a_match_that_is_missing_of_another_record_or_of_another_clip(
    agree: Agree, sign: Sign, tmp_path: Path
) -> None:
    record, face = agree(), tmp_path / "face.json"
    for change, message in (
        (lambda _: face.unlink(), "is not a match of a face"),
        (lambda _: edit(face, record_id="urn:uuid:another"), "is not a match of the face of jane"),
        (lambda _: edit(face, decision="someone else"), "is not a match of the face"),
        (lambda _: edit(face, clips={}), "is not a match of the face"),
        (lambda _: edit(face, clips={"joan.a": {"distance": 0.1}}), "is not a match of the face"),
        (lambda _: edit(face, clips={"jane.a": {"distance": 0.9}}), "is not a match of the face"),
    ):
        with pytest.raises(ConsentError, match=message):
            sign(record, change)
