"""What the finished run left: a marked render that moved to the person, and an honest report."""

import base64
import itertools
import json
import re
from html import unescape

import pandas as pd
import pytest
import yaml
from browser import chromium, complaints, open_page

from mythmeter.people.ledger import read_ledger

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def receipt(example):
    path = example.results / "renders" / f"{example.name}.receipt.json"
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def usage(example):
    return pd.read_parquet(example.results / "profile" / "usage.parquet")


def test_gpu_jobs_of_the_run_never_overlapped(usage):
    start = usage["started_at"] - pd.to_timedelta(usage["start_s"], unit="s")
    jobs = usage.assign(start=start)[usage["gpu_granted"] > 0].drop_duplicates("job")
    jobs["end"] = jobs["start"] + pd.to_timedelta(jobs["job_wall_s"], unit="s")
    assert len(jobs) > 3
    spans = sorted(zip(jobs["start"], jobs["end"], strict=True))
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_every_job_is_stamped_with_its_device_and_its_missing_gpu_figures_have_a_reason(usage):
    assert set(usage["device"]) == {"cpu"}
    assert usage["gpu_busy_s"].isna().all()
    assert all(json.loads(text)["gpu_busy_s"] for text in usage["null_reasons"])


def test_most_frames_look_more_like_the_person_than_like_the_performer(quality):
    assert quality["identity_nearer_person"]["value"] >= 0.9


def test_the_speech_is_intelligible(quality):
    assert quality["word_error_rate"]["value"] <= 0.15


def test_the_lips_follow_the_speech_better_than_they_follow_it_shifted(quality):
    sync = quality["lip_audio_correlation"]
    assert sync["value"] > sync["controls"]["shifted_highest"]
    assert sync["value"] > sync["controls"]["shifted_mean"] + 0.1


def test_sound_and_picture_end_within_one_frame(quality):
    assert quality["length_difference"]["unit"] == "frames"
    assert abs(quality["length_difference"]["value"]) <= 1


def test_the_finished_file_carries_valid_marks(receipt):
    assert receipt["decision"] == "verified"
    assert receipt["checks"]["signature"]["measured"]["state"] in ("Valid", "Trusted")


def test_the_report_stands_alone(example):
    page = (example.folder / "reports" / "report.html").read_text()
    assert "data:video/mp4;base64," in page
    assert page.count("data:image/svg+xml;base64,") >= 4
    assert not re.search(r'(?:src|href)="https?://', page)


def test_no_file_of_the_run_is_half_written(example):
    assert not list(example.results.rglob("*.partial*"))


def test_the_signed_render_is_in_the_ledger_of_its_consent(example):
    person = next((example.folder / "people").glob("*.yaml"))
    record = yaml.safe_load(person.read_text())["consent"]
    (entry,) = [
        signed
        for signed in read_ledger(example.folder / record)
        if signed.file == str(example.results / "renders" / f"{example.name}.mp4")
    ]
    assert entry.duration_s > 1


def test_face_and_voice_of_real_people_were_compared_with_the_record(example):
    consent = example.results / "consent"
    receipts = [json.loads(path.read_text()) for path in consent.glob("*.json")]
    (receipt,) = [receipt for receipt in receipts if "sources" in receipt]
    matches = {match["what"]: match for match in receipts if "what" in match}
    assert set(matches) == (set() if receipt["kind"] == "synthetic" else {"face", "voice"})
    for match in matches.values():
        assert match["record_id"] == receipt["record_id"]
        assert all(c["distance"] <= match["threshold"] for c in match["clips"].values())


def test_no_log_quotes_the_script(example):
    texts = [path.read_text() for path in (example.results / "logs").rglob("*.log")]
    assert texts
    assert not any("talked about the sea" in text or "has a price" in text for text in texts)


def test_the_unsigned_video_is_gone(example):
    assert not list(example.results.rglob("assembled.mp4"))


PLAYED = """
const video = document.querySelector('video'), done = arguments[arguments.length - 1];
video.textTracks[0].mode = 'showing';
video.addEventListener('error', () => done({error: String(video.error && video.error.message)}));
video.addEventListener('timeupdate', () => {
  if (video.currentTime > 1) {
    video.pause();
    done({pictures: video.getVideoPlaybackQuality().totalVideoFrames,
          sound: video.webkitAudioDecodedByteCount, captions: video.textTracks[0].cues.length});
  }
});
video.muted = true;
video.play().catch(error => done({error: String(error)}));
"""


def test_a_browser_opens_the_pages_offline_and_plays_the_render(example, tmp_path):
    reports = example.folder / "reports"
    plays = {}
    with chromium(tmp_path / "profile") as browser:
        browser.set_script_timeout(60)
        for page in ("answers.html", "report.html", "quality.html"):
            open_page(browser, reports / page, 1280)
            if page != "answers.html":
                plays[page] = browser.execute_async_script(PLAYED)
            assert complaints(browser) == []
    for page, played in plays.items():
        assert "error" not in played, (page, played)
        assert played["pictures"] > 20, page
        assert played["sound"] > 1000, page
        assert played["captions"] > 0, page


def test_the_quality_page_shows_every_score_of_the_render_as_it_lies_in_its_file(example, quality):
    page = (example.folder / "reports" / "quality.html").read_text()
    shown = dict(re.findall(r'data-metric="(\w+)">([^<]*)<', page))
    assert set(shown) == set(quality)
    table = pd.read_csv(example.results / "profile" / "quality.csv")
    values = table[table["control"].isna()].set_index("metric")
    for name, metric in quality.items():
        if metric["value"] is None:
            assert metric["reason"] in unescape(shown[name]), name
        else:
            assert values.loc[name, "value"] == pytest.approx(metric["value"]), name
            assert values.loc[name, "n"] == metric["n"] > 0, name
    assert re.search(r'src="\.\./results/renders/\w+\.mp4"', page)


def test_the_lips_are_scored_beside_the_original_clip_and_the_file_runs_through(quality):
    for name in ("lip_audio_correlation", "lip_audio_delay"):
        metric = quality[name]
        known = metric["controls"]["original_clip"] is not None
        assert known or metric["control_reasons"]["original_clip"], name
    assert quality["frames_repeated_at_joins"]["value"] == 0
    flicker = quality["warp_error"]
    assert flicker["value"] < 3 * flicker["controls"]["untouched_footage"]


def test_the_comparison_is_marked_and_plays_with_sound_and_captions(example, tmp_path):
    renders = example.results / "renders"
    comparison = renders / f"{example.name}.comparison.mp4"
    receipt = json.loads((renders / f"{example.name}.comparison.receipt.json").read_text())
    assert receipt["file"] == comparison.name
    assert all(check["passed"] for check in receipt["checks"].values())
    assert not list((example.results / "render" / example.name / "comparison").iterdir())
    page = tmp_path / "page.html"
    captions = base64.b64encode(comparison.with_suffix(".vtt").read_bytes()).decode()
    page.write_text(
        f'<video src="{comparison.as_uri()}" controls>'
        f'<track kind="captions" src="data:text/vtt;base64,{captions}"></video>'
    )
    with chromium(tmp_path / "profile") as browser:
        browser.set_script_timeout(60)
        open_page(browser, page, 1280)
        played = browser.execute_async_script(PLAYED)
    assert "error" not in played, played
    assert played["pictures"] > 20 and played["sound"] > 1000 and played["captions"] > 0


def test_the_answers_of_the_run_are_its_own_numbers(example, usage):
    numbers = pd.read_csv(example.results / "answers" / "quantities.csv").set_index("quantity")
    held = usage[usage["gpu_granted"] > 0].drop_duplicates("job")
    own = held["wildcards"].map(lambda text: "render" in json.loads(text))
    assert numbers.loc["held", "value"] == pytest.approx(held.loc[own, "job_wall_s"].sum())
    assert numbers.loc["once", "value"] == pytest.approx(held.loc[~own, "job_wall_s"].sum())
