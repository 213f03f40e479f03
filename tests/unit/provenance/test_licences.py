"""What licences allow, by their names, and what a payload leads to."""

import json
from pathlib import Path

import pytest

from mythmeter.errors import ProvenanceError
from mythmeter.models.catalogue import load_catalogue
from mythmeter.provenance.licences import Part, commercial_use, consent_part, summary
from mythmeter.provenance.registry import Entry, read_registry, resolve
from mythmeter.render.watermark import bits_of


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("Apache-2.0 (Google MediaPipe)", "yes"),
        ("CC BY 4.0", "yes"),
        ("CC BY-NC 4.0", "no"),
        ("Coqui Public Model License (CPML), non-commercial", "no"),
        ("MIT, non-commercial research only", "no"),
        ("ask the author", "unknown"),
        ("MITRE terms", "unknown"),
    ],
)
def test_a_licence_is_read_by_its_name_and_never_guessed(licence: str, expected: str) -> None:
    assert commercial_use(licence) == expected


def test_every_licence_of_the_catalogue_is_known(repository: Path) -> None:
    catalogue = load_catalogue(repository / "config" / "models.yaml")
    unknown = {a.licence for a in catalogue.values() if commercial_use(a.licence) == "unknown"}
    assert unknown == set()


def test_one_line_names_the_part_that_forbids_commercial_use() -> None:
    free, bound = Part("a", "model", "MIT", "yes"), Part("b", "model", "CPML", "no")
    assert summary([free])["commercial_use"] == "yes"
    assert "model b (CPML) forbids it" in summary([free, bound])["line"]
    assert summary([free, Part("c", "footage", "?", "unknown")])["commercial_use"] == "unknown"


@pytest.mark.parametrize(
    ("kind", "distribution", "expected"),
    [
        ("consent", "public", "yes"),
        ("consent", "private", "no"),
        ("corpus-evaluation", "public", "no"),
    ],
)
def test_the_consent_record_counts_as_a_licence(
    kind: str, distribution: str, expected: str
) -> None:
    receipt = {"record_id": "urn:x", "kind": kind, "scope": {"distribution": distribution}}
    assert consent_part(receipt).commercial == expected


def read(word: str, unclear: int = 0) -> list[float]:
    """Logits of a word, its last bits wrong but unclear."""
    logits = [8.0 if bit else -8.0 for bit in bits_of(word)]
    return [-0.3 * v / 8 if n >= 32 - unclear else v for n, v in enumerate(logits)]


def test_a_payload_with_unclear_bits_still_leads_to_its_render() -> None:
    known = {"dae00000": Entry("a", "urn:a", "x"), "dae000ff": Entry("b", "urn:b", "x")}
    found = resolve(read("dae00000", unclear=6), known)
    assert found is not None and found[0].render == "a" and found[1] > 0.95
    assert resolve(read("dae0000f"), known) is None, "four bits from both: it settles nothing"
    assert resolve(read("0badcafe"), known) is None and resolve(read("dae00000"), {}) is None


def test_a_registry_without_receipts_or_with_a_broken_one_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="has no"):
        read_registry(tmp_path)
    (tmp_path / "a.receipt.json").write_text(json.dumps({"checks": {}}), encoding="utf-8")
    with pytest.raises(ProvenanceError, match="is not a receipt"):
        read_registry(tmp_path)
