"""A finished file is judged by its own bytes, and a missing mark is noticed."""

import json
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from scene import HEIGHT, LABEL, WIDTH, footage_picture

from mythmeter.errors import MediaError, ProvenanceError
from mythmeter.provenance import checks
from mythmeter.provenance.verify import verify_file, verify_render
from mythmeter.provenance.visible import THRESHOLD, LabelMeter
from mythmeter.render.label import Label, draw_label
from mythmeter.usage.record import UsageRecord

pytestmark = pytest.mark.usefixtures("watermark_heard")


def failed(path: Path, signing: Path | None = None) -> set[str]:
    return {check.name for check in verify_file(path, signing).failures}


def remuxed(source: Path, out: Path) -> Path:
    """Copy all tracks into a new file, as most tools do: the manifest is lost."""
    with av.open(str(source)) as old, av.open(str(out), "w") as new:
        tracks = {s.index: new.add_stream_from_template(s) for s in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = tracks[packet.stream.index]
                new.mux(packet)
    return out


def test_a_marked_render_passes_and_its_receipt_holds_what_was_measured(signed, tmp_path) -> None:
    video = signed.mark(tmp_path).video
    receipt = tmp_path / "demo.receipt.json"
    verify_render(video, receipt, signing=signed.signing, record=UsageRecord("verify_render", {}))
    content = json.loads(receipt.read_text(encoding="utf-8"))
    found = {name: check["measured"] for name, check in content["checks"].items()}
    assert content["decision"] == "verified" and content["file"] == "demo.mp4"
    assert all(check["passed"] for check in content["checks"].values())
    assert found["signature"]["state"] == "Valid"
    assert found["signature"]["state_with_own_root"] == "Trusted"
    assert found["consent_reference"]["kind"] == "synthetic"
    assert found["visible_label"]["lowest"] > 0.9 > 0.1 > found["visible_label"]["control_highest"]
    assert found["frames"]["decoded"] == 12 and found["frames"]["rate"] == "24000/1001"
    assert abs(found["lengths"]["difference_s"]) <= found["lengths"]["frame_s"]
    assert found["captions"] == {"captions": 2, "language": "eng"}


def test_without_our_certificate_a_file_is_valid_but_not_trusted(signed, tmp_path) -> None:
    video = signed.mark(tmp_path).video
    verdict = verify_file(video, tmp_path / "no-keys")
    assert verdict.passed and verdict.checks[0].measured["state_with_own_root"] is None


def test_one_changed_bit_makes_the_signature_invalid(signed, tmp_path) -> None:
    video = signed.mark(tmp_path).video
    content = bytearray(video.read_bytes())
    content[content.rindex(b"mdat") + 2000] ^= 1
    video.write_bytes(content)
    verdict = verify_file(video)
    assert verdict.checks[0].measured["state"] == "Invalid"
    assert "assertion.bmffHash.mismatch" in verdict.checks[0].measured["problems"]


def test_a_copy_without_the_manifest_fails(signed, tmp_path) -> None:
    copy = remuxed(signed.mark(tmp_path).video, tmp_path / "copy.mp4")
    assert {"signature", "consent_reference", "source_type", "visible_label"} <= failed(copy)


def test_a_render_without_the_label_fails(signed, assemble_scene, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Label, "burn_in", lambda label, frame: frame)
    scene, assembled = assemble_scene(tmp_path)
    video = type(signed)(scene, assembled, signed.signing).mark(tmp_path).video
    (check,) = verify_file(video, signed.signing).failures
    assert check.name == "visible_label" and abs(check.measured["lowest"]) < 0.1


def test_a_label_missing_from_one_picture_is_noticed(signed, tmp_path, monkeypatch) -> None:
    def flickering(path: Path):  # type: ignore[no-untyped-def]
        for number, (time_s, luma) in enumerate(original(path)):
            yield time_s, luma if number != 7 else np.full_like(luma, 90)

    original = checks.read_luma
    monkeypatch.setattr(checks, "read_luma", flickering)
    (check,) = verify_file(signed.mark(tmp_path).video).failures
    assert check.measured["lowest_frame"] == 7


def test_speech_without_a_watermark_fails(signed, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(checks, "mark_strength", lambda samples, rate_hz: 0.013)
    assert failed(signed.mark(tmp_path).video) == {"audio_watermark"}


def test_a_failed_render_gets_no_receipt_and_loses_its_name(signed, tmp_path, monkeypatch) -> None:
    video = signed.mark(tmp_path).video
    monkeypatch.setattr(checks, "mark_strength", lambda samples, rate_hz: 0.0)
    receipt = tmp_path / "demo.receipt.json"
    with pytest.raises(ProvenanceError) as refused:
        verify_render(
            video, receipt, signing=signed.signing, record=UsageRecord("verify_render", {})
        )
    assert "audio_watermark" in str(refused.value) and "demo.unverified.mp4" in str(refused.value)
    assert not receipt.exists() and not video.exists()
    assert (tmp_path / "demo.unverified.mp4").exists()


def test_a_later_success_clears_away_what_failed(signed, tmp_path) -> None:
    video = signed.mark(tmp_path).video
    leftover = tmp_path / "demo.unverified.mp4"
    shutil.copy(video, leftover)
    verify_render(
        video,
        tmp_path / "demo.receipt.json",
        signing=signed.signing,
        record=UsageRecord("verify_render", {}),
    )
    assert not leftover.exists()


def test_a_render_signed_by_somebody_else_is_not_ours(signed, tmp_path) -> None:
    from mythmeter.provenance.keys import ensure_test_signer

    ensure_test_signer(tmp_path / "other")
    video = signed.mark(tmp_path).video
    with pytest.raises(ProvenanceError, match="signature"):
        verify_render(
            video,
            tmp_path / "receipt.json",
            signing=tmp_path / "other",
            record=UsageRecord("verify_render", {}),
        )


@pytest.mark.parametrize("content", [None, b"", b"not a film"])
def test_what_is_not_a_film_is_said_to_be_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=r"film\.mp4"):
        verify_file(path)


def test_labelled_and_unlabelled_pictures_lie_far_apart() -> None:
    label = draw_label(LABEL, WIDTH, HEIGHT)
    meter = LabelMeter(label, HEIGHT)
    rng = np.random.default_rng(1)
    grounds = [
        footage_picture(3),
        np.full((HEIGHT, WIDTH, 3), 255, np.uint8),
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8),
        draw_label("EI-denerated! faces, vaices", WIDTH, HEIGHT).burn_in(footage_picture(3)),
    ]
    for ground in grounds[:4]:
        labelled = cv2.cvtColor(label.burn_in(ground), cv2.COLOR_RGB2GRAY)
        plain = cv2.cvtColor(ground, cv2.COLOR_RGB2GRAY)
        assert meter.score(labelled) > 0.9
        assert abs(meter.score(plain)) < 0.1 and abs(meter.control(labelled)) < 0.1
    other_words = cv2.cvtColor(grounds[4], cv2.COLOR_RGB2GRAY)
    assert meter.score(other_words) < THRESHOLD
