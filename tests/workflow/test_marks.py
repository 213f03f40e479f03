"""The marks of a real run hold against who asks for less than the whole of it."""

import json
import os

import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture
def receipt(variant):
    path = variant.results / "renders" / f"{variant.name}.receipt.json"
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    yield path
    path.write_bytes(before)
    os.utime(path, ns=(when, when))


def test_all_marks_were_read_back_and_the_payload_leads_to_the_record(example):
    path = example.results / "renders" / f"{example.name}.receipt.json"
    receipt = json.loads(path.read_text())
    checks = receipt["checks"]
    assert all(check["passed"] for check in checks.values())
    leads_to = checks["video_watermark"]["measured"]["leads_to"]
    assert leads_to["record_id"] == checks["consent_reference"]["measured"]["record_id"]
    assert receipt["licences"]["parts"]


def test_asking_for_the_video_alone_verifies_it_first(example):
    video = example.results / "renders" / f"{example.name}.mp4"
    aside = video.with_suffix(".aside")
    video.rename(aside)
    try:
        assert {"mark_render", "verify_render"} <= example.planned(str(video))
    finally:
        aside.rename(video)


def test_an_edited_receipt_stops_the_report(variant, receipt):
    content = json.loads(receipt.read_text())
    content["checks"]["visible_label"]["finding"] = "there never was one"
    receipt.write_text(json.dumps(content))
    # A page of its own: Snakemake removes what a failed job should have written.
    variant.change(paths__reports="reports-edited")
    page = variant.folder / "reports-edited" / "report.html"
    done = variant.snakemake("--allowed-rules", "write_report", "--", str(page))
    assert done.returncode != 0 and not page.exists()
    assert "was edited" in done.stdout + done.stderr
