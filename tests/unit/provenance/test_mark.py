"""Signing: what is written, and when nothing is."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scene import record_id_of, write_consent

from mythmeter.errors import ConsentError, ProvenanceError
from mythmeter.models.fetch import sha256_of
from mythmeter.people.ledger import read_ledger
from mythmeter.provenance.c2pa_file import read_file
from mythmeter.provenance.keys import load_signer
from mythmeter.provenance.manifest import (
    CERTIFICATE,
    CONSENT,
    LABEL,
    LICENCES,
    MODELS,
    RENDER,
    SOURCES,
    WATERMARKS,
)
from mythmeter.render.watermark import mark_id


def test_the_manifest_says_whose_consent_what_was_used_and_what_was_done(signed, tmp_path) -> None:
    video = signed.mark(tmp_path).video
    reading = read_file(video)
    assert reading.assertion(CONSENT) == {
        "record_id": json.loads(signed.scene.record.read_text())["record_id"],
        "kind": "synthetic",
        "sha256": sha256_of(signed.scene.record),
    }
    label = reading.assertion(LABEL)
    assert label["text"] == "AI-generated: face, voice (synthetic person)"
    assert (label["position"], label["size"]) == ("top-left", 0.045)
    marks = reading.assertion(WATERMARKS)
    assert marks["video"]["payload"] == mark_id(record_id_of(signed.scene), "demo")
    assert reading.assertion(CERTIFICATE) == {"text": "test certificate, not publicly trusted"}
    assert reading.assertion(RENDER) == {"frames": 12, "rate": "24000/1001"}
    names = [model["name"] for model in reading.assertion(MODELS)["models"]]
    assert {"kokoro", "face_mesh", "rivagan_encoder"} <= set(names)
    actions = [a["action"] for a in reading.assertion("c2pa.actions.v2")["actions"]]
    assert actions[0] == "c2pa.opened"
    assert actions.count("c2pa.watermarked.unbound") == 2
    assert "compositeWithTrainedAlgorithmicMedia" in reading.source_types()


def test_footage_is_the_parent_and_face_voice_and_speech_are_components(signed, tmp_path) -> None:
    manifest = read_file(signed.mark(tmp_path).video).manifest
    relations = {i["title"]: i["relationship"] for i in manifest["ingredients"]}
    assert relations == {
        "target": "parentOf",
        "face 1": "componentOf",
        "voice 1": "componentOf",
        "speech": "componentOf",
    }
    sources = read_file(tmp_path / "signed.mp4").assertion(SOURCES)
    assert [source["name"] for source in sources["files"]] == list(relations)


def test_a_test_certificate_is_valid_and_trusted_only_by_its_own_root(signed, tmp_path) -> None:
    video = signed.mark(tmp_path).video
    stranger = read_file(video)
    assert (stranger.state, stranger.problems) == ("Valid", ("signingCredential.untrusted",))
    assert read_file(video, load_signer(signed.signing).root_pem).state == "Trusted"


def test_the_poster_is_signed_and_comes_out_of_the_render(signed, tmp_path) -> None:
    poster = signed.mark(tmp_path).poster
    reading = read_file(poster)
    assert reading.state == "Valid"
    assert [i["title"] for i in reading.manifest["ingredients"]] == ["render"]


def test_consent_that_expires_before_signing_leaves_nothing(signed, tmp_path: Path) -> None:
    write_consent(signed.scene, expires=datetime(2026, 11, 21, 10, tzinfo=UTC))
    try:
        with pytest.raises(ConsentError, match="consent expired 2026-11-21T10:00:00Z"):
            signed.mark(tmp_path, now=datetime(2026, 11, 21, 10, 0, 1, tzinfo=UTC))
        assert list(tmp_path.iterdir()) == []
        signed.mark(tmp_path, now=datetime(2026, 11, 21, 9, 59, 59, tzinfo=UTC))
        assert (tmp_path / "signed.mp4").exists()
    finally:
        write_consent(signed.scene)


def test_without_a_certificate_nothing_is_written(signed, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    bare = replace(signed, signing=tmp_path / "no-keys")
    before = read_ledger(signed.scene.record)
    with pytest.raises(ProvenanceError, match="mythmeter keys init"):
        bare.mark(out)
    assert list(out.iterdir()) == []
    assert read_ledger(signed.scene.record) == before


def test_a_render_is_counted_once_signed_and_refused_beyond_the_minutes(signed, tmp_path) -> None:
    write_consent(signed.scene, minutes=0.015)  # 0.9 s; the render lasts 0.5 s
    try:
        signed.mark(tmp_path / "one")
        (entry,) = read_ledger(signed.scene.record)
        assert entry.sha256 == sha256_of(tmp_path / "one" / "signed.mp4")
        signed.mark(tmp_path / "one")
        with pytest.raises(ConsentError, match=r"for 0\.015 minutes of renders in all"):
            signed.mark(tmp_path / "two")
        assert not (tmp_path / "two").exists()
    finally:
        write_consent(signed.scene)


def test_the_manifest_names_every_licence_and_whether_commercial_use_is_allowed(
    signed, tmp_path
) -> None:
    said = read_file(signed.mark(tmp_path).video).assertion(LICENCES)
    licences = {part["name"]: part["licence"] for part in said["parts"]}
    assert licences["kokoro"] == "Apache-2.0" and licences["walk"] == "CC BY 4.0"
    assert said["commercial_use"] == "no" and "synthetic record" in said["line"]
