"""A finished file is judged by its own bytes, and a missing mark is noticed."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from scene import HEIGHT, LABEL, WIDTH, footage_picture, record_id_of

from mythmeter.errors import MediaError, ProvenanceError
from mythmeter.provenance import checks, mark
from mythmeter.provenance.found import verify_found
from mythmeter.provenance.keys import ensure_test_signer
from mythmeter.provenance.receipt import check_receipt
from mythmeter.provenance.registry import read_registry
from mythmeter.provenance.visible import FOUND_THRESHOLD, THRESHOLD, LabelMeter, find_label
from mythmeter.render.label import Label, LabelStyle, draw_label
from mythmeter.render.watermark import VideoMarker

pytestmark = pytest.mark.usefixtures("watermark_heard")


def other_render(signed, made):  # type: ignore[no-untyped-def]
    return replace(signed, scene=made[0], assembled=made[1])


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
    receipt = signed.publish(signed.mark(tmp_path / "work"), tmp_path)
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
    verdict = signed.verify(video, tmp_path / "no-keys")
    assert verdict.passed and verdict.checks[0].measured["state_with_own_root"] is None


def test_one_changed_bit_makes_the_signature_invalid(signed, tmp_path) -> None:
    video = signed.mark(tmp_path).video
    content = bytearray(video.read_bytes())
    content[content.rindex(b"mdat") + 2000] ^= 1
    video.write_bytes(content)
    verdict = signed.verify(video)
    assert verdict.checks[0].measured["state"] == "Invalid" and verdict.verdict == "marked"
    assert "assertion.bmffHash.mismatch" in verdict.checks[0].measured["problems"]


def test_a_copy_without_the_manifest_fails_but_its_other_marks_are_found(signed, tmp_path) -> None:
    receipt = signed.publish(signed.mark(tmp_path / "work"), tmp_path)
    copy = remuxed(tmp_path / "demo.mp4", tmp_path / "copy.mp4")
    verdict = signed.verify(copy, registry=read_registry(receipt.parent))
    assert {check.name for check in verdict.failures} == {
        "signature",
        "consent_reference",
        "source_type",
    }
    assert verdict.marks == ("visible_label", "video_watermark", "audio_watermark")
    mark = next(check for check in verdict.checks if check.name == "video_watermark")
    assert mark.measured["leads_to"]["record_id"] == record_id_of(signed.scene)
    assert mark.measured["leads_to"]["render"] == "demo" and "record urn:uuid" in str(verdict)


def test_a_render_without_the_label_fails(signed, assemble_scene, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Label, "burn_in", lambda label, frame: frame)
    made = other_render(signed, assemble_scene(tmp_path))
    (check,) = signed.verify(made.mark(tmp_path).video).failures
    assert check.name == "visible_label" and abs(check.measured["lowest"]) < 0.1


def test_a_label_missing_from_one_picture_is_noticed(signed, tmp_path, monkeypatch) -> None:
    def flickering(path: Path):  # type: ignore[no-untyped-def]
        for number, (time_s, luma) in enumerate(original(path)):
            yield time_s, luma if number != 7 else np.full_like(luma, 90)

    original = checks.read_luma
    monkeypatch.setattr(checks, "read_luma", flickering)
    (check,) = signed.verify(signed.mark(tmp_path).video).failures
    assert check.measured["lowest_frame"] == 7


def test_speech_without_a_watermark_fails(signed, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(checks, "mark_strength", lambda samples, rate_hz: 0.013)
    (check,) = signed.verify(signed.mark(tmp_path).video).failures
    assert check.name == "audio_watermark"


def test_pictures_without_a_watermark_fail(signed, assemble_scene, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(VideoMarker, "mark", lambda marker, number, frame, footage: frame)
    made = other_render(signed, assemble_scene(tmp_path))
    (check,) = signed.verify(made.mark(tmp_path).video).failures
    assert check.name == "video_watermark" and check.measured["prefix_agreement"] < 0.5


def test_a_manifest_moved_to_another_render_is_noticed(signed, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(mark, "mark_id", lambda record_id, render: "0badcafe")
    (check,) = signed.verify(signed.mark(tmp_path).video).failures
    assert "but the manifest states 0badcafe" in check.finding


def test_a_failed_render_never_reaches_its_final_place(signed, tmp_path, monkeypatch) -> None:
    marked = signed.mark(tmp_path / "work")
    monkeypatch.setattr(checks, "mark_strength", lambda samples, rate_hz: 0.0)
    final = tmp_path / "final"
    with pytest.raises(ProvenanceError) as refused:
        signed.publish(marked, final)
    assert "audio_watermark" in str(refused.value) and "unverified.mp4" in str(refused.value)
    assert not final.exists() and not marked.video.exists()
    assert (tmp_path / "work" / "unverified.mp4").exists()


def test_a_later_success_clears_away_what_failed(signed, tmp_path) -> None:
    marked = signed.mark(tmp_path / "work")
    leftover = tmp_path / "work" / "unverified.mp4"
    shutil.copy(marked.video, leftover)
    signed.publish(marked, tmp_path)
    assert not leftover.exists()
    assert (tmp_path / "demo.mp4").read_bytes() == marked.video.read_bytes()


def test_a_render_signed_by_somebody_else_is_not_ours(signed, tmp_path) -> None:
    ensure_test_signer(tmp_path / "other")
    marked = signed.mark(tmp_path / "work")
    with pytest.raises(ProvenanceError, match="signature"):
        signed.publish(marked, tmp_path, tmp_path / "other")
    assert not (tmp_path / "demo.mp4").exists()


def test_a_render_without_a_label_says_why(signed, assemble_scene, tmp_path) -> None:
    style = LabelStyle(off_reason="shown in an exhibition that labels the room")
    other = other_render(signed, assemble_scene(tmp_path, style=style))
    verdict = signed.verify(other.mark(tmp_path, label=style).video)
    assert verdict.passed and "an exhibition that labels the room" in str(verdict)


def edited(receipt: Path, **values: object) -> None:
    content = json.loads(receipt.read_text(encoding="utf-8"))
    receipt.write_text(json.dumps({**content, **values}), encoding="utf-8")


def test_a_receipt_that_was_edited_or_copied_is_refused(signed, tmp_path) -> None:
    receipt = signed.publish(signed.mark(tmp_path / "work"), tmp_path)
    video = tmp_path / "demo.mp4"
    assert check_receipt(receipt, video, signed.signing)["decision"] == "verified"
    other = tmp_path / "other.mp4"
    shutil.copy(video, other)
    with pytest.raises(ProvenanceError, match=r"is the receipt of demo\.mp4"):
        check_receipt(receipt, other, signed.signing)
    edited(receipt, file="other.mp4")
    with pytest.raises(ProvenanceError, match="was edited"):
        check_receipt(receipt, other, signed.signing)


def test_a_receipt_does_not_cover_a_file_that_was_exchanged(signed, tmp_path) -> None:
    receipt = signed.publish(signed.mark(tmp_path / "work"), tmp_path)
    shutil.copy(signed.assembled, tmp_path / "demo.mp4")
    with pytest.raises(ProvenanceError, match="as it is now"):
        check_receipt(receipt, tmp_path / "demo.mp4", signed.signing)


def test_sound_alone_is_judged_by_its_watermark(signed) -> None:
    verdict = signed.verify(signed.scene.speech)
    assert verdict.marks == ("audio_watermark",) and verdict.verdict == "marked"


@pytest.mark.parametrize("content", [None, b"", b"not a film"])
def test_what_is_not_a_film_is_said_to_be_none(
    signed, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=r"film\.mp4"):
        signed.verify(path)


def test_a_label_is_found_anywhere_and_at_other_sizes() -> None:
    label = draw_label(LABEL, WIDTH * 2, HEIGHT * 2, "bottom-right")
    rng = np.random.default_rng(1)
    grounds = [rng.integers(0, 256, (HEIGHT * 2, WIDTH * 2, 3), dtype=np.uint8) for _ in range(3)]
    labelled = [label.burn_in(cv2.GaussianBlur(ground, (0, 0), 2)) for ground in grounds]
    cropped = [cv2.resize(p[40:, 60:], (420, 320), interpolation=cv2.INTER_AREA) for p in labelled]
    english = {"en": "AI-generated:"}
    found, nothing = find_label(cropped, english), find_label(grounds, english)
    assert found.score >= FOUND_THRESHOLD > 0.4 > nothing.score
    assert found.top > 0.5


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


def test_a_file_found_is_verified_in_a_child_with_the_same_verdict(signed, tmp_path) -> None:
    video = signed.mark(tmp_path).video
    apart = verify_found(video, signed.signing, decoder=signed.decoder)
    here = json.loads(json.dumps([asdict(check) for check in signed.verify(video).checks]))
    # The speech is a tone, and the detector that is stood in for here is the real one there.
    assert [c["name"] for c in apart["checks"] if not c["passed"]] == ["audio_watermark"]
    heard = "audio_watermark"
    assert [c for c in apart["checks"] if c["name"] != heard] == [
        c for c in here if c["name"] != heard
    ]


def test_a_damaged_file_found_is_one_message(signed, tmp_path) -> None:
    video = tmp_path / "found.mp4"
    video.write_bytes(signed.assembled.read_bytes()[:5000])
    with pytest.raises(MediaError, match=r"found\.mp4: ") as caught:
        verify_found(video, signed.signing, decoder=signed.decoder)
    assert "\n" not in str(caught.value)
