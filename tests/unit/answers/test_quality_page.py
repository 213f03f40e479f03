"""The quality page: every figure with its control, drawn and played by a browser from disk."""

import json
import re
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from browser import chromium, complaints, open_page
from painted import write_clip

from mythmeter.answers.quality_figures import GROUPS, figures_of, headline
from mythmeter.answers.quality_page import ScoredRender, show_quality
from mythmeter.errors import ProvenanceError, UnfoundedError
from mythmeter.models.fetch import sha256_of
from mythmeter.provenance.keys import ensure_test_signer
from mythmeter.provenance.receipt import sign_receipt

FRAMES = 600
RATE = Fraction(25)
NO_SOUND = "the original clip has no sound"


def metric(value: float | None, unit: str = "levels of 255", **more: Any) -> dict[str, Any]:
    controls = more.get("controls", {"untouched_footage": 1.5})
    return {
        "value": value,
        "unit": unit,
        "n": 60 if value is not None else 0,
        "controls": controls,
        "control_n": dict.fromkeys(controls, 60),
        "control_reasons": {
            k: "the original clip has no sound" for k in controls if not controls[k]
        },
        "method": "as it is measured",
        "reason": None if value is not None else "nothing moves around the joins",
    }


def scores(sync: float, nearer: float) -> dict[str, Any]:
    beside = {"original_clip": None, "own_footage": 0.4}
    shifted = {"shifted_mean": 0.05, "shifted_highest": 0.3, **beside}
    return {
        "metrics": {
            "lip_audio_correlation": metric(sync, "r", controls=shifted),
            "lip_audio_delay_ms": metric(-40.0, "ms", controls={"original_clip": None}),
            "identity_to_person": metric(0.34, "distance"),
            "identity_nearer_person": metric(nearer, "share of frames"),
            "warp_error": metric(2.25),
            "seam_score": metric(None, "ratio"),
            "a_new_one": metric(7.0, "px"),
        },
        "lip_audio_by_offset": [
            {"offset_frames": k, "render": sync - abs(k) / 20, "original_clip": None}
            | {"own_footage": 0.4 - abs(k - 1) / 30}
            for k in range(-15, 16)
        ],
        "joins": [{"frame": 300, "score": 1.02, "untouched_footage": 1.0}],
        "same_person_under": 0.6,
        "transcript": None,
        "sampled_every_frames": 8,
    }


def frames_table() -> pa.Table:
    sampled = np.arange(FRAMES) % 8 == 0
    rng = np.random.default_rng(0)

    def column(mean: float) -> list[float | None]:
        values = rng.normal(mean, 0.05, FRAMES)
        return [float(v) if there else None for v, there in zip(values, sampled, strict=True)]

    names = {"distance_person": 0.34, "distance_performer": 0.8, "distance_untouched_person": 0.78}
    names |= {"warp_error": 2.2, "warp_error_untouched": 1.5}
    names |= {"warp_error_mouth": 4.0, "warp_error_mouth_untouched": 3.0}
    columns = {name: pa.array(column(mean), pa.float32()) for name, mean in names.items()}
    table = pa.table({"frame": pa.array(range(FRAMES), pa.int32()), **columns})
    return table.replace_schema_metadata({"rate": "25/1"})


def scored_render(root: Path, name: str, **known: float) -> ScoredRender:
    renders, quality = root / "results" / "renders", root / "results" / "quality"
    for folder in (renders, quality):
        folder.mkdir(parents=True, exist_ok=True)
    picture = np.full((48, 64, 3), 90, np.uint8)
    video = write_clip(renders / f"{name}.mp4", [picture] * 50, RATE)
    (renders / f"{name}.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nHello.\n")
    cv2.imwrite(str(renders / f"{name}.jpg"), picture)
    cv2.imwrite(str(quality / f"{name}.jpg"), picture)
    check = {"name": "visible_label", "finding": "found in every picture"}
    receipt = {"decision": "verified", "file": video.name, "sha256": sha256_of(video)}
    signer = ensure_test_signer(root / "signing")
    signed = sign_receipt(receipt | {"checks": {"visible_label": check}}, signer)
    (renders / f"{name}.receipt.json").write_text(json.dumps(signed))
    (quality / f"{name}.json").write_text(json.dumps(scores(**known)))
    pq.write_table(frames_table(), quality / f"{name}.parquet")
    return ScoredRender(
        name,
        "en",
        video,
        *(renders / f"{name}.{kind}" for kind in ("vtt", "jpg", "receipt.json")),
        *(quality / f"{name}.{kind}" for kind in ("json", "parquet", "jpg")),
    )


@pytest.fixture(scope="module")
def made(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    root = tmp_path_factory.mktemp("quality")
    (root / "reports").mkdir()
    made = SimpleNamespace(
        renders=[
            scored_render(root, "good", sync=0.6, nearer=1.0),
            scored_render(root, "poor", sync=0.2, nearer=0.4),
        ],
        arguments={
            "template": repository / "reports" / "templates" / "quality.html.j2",
            "page": root / "reports" / "quality.html",
            "parquet": root / "quality.parquet",
            "csv": root / "quality.csv",
            "signing": root / "signing",
        },
    )
    show_quality(made.renders, **made.arguments)
    made.page = made.arguments["page"]
    made.text = made.page.read_text()
    return made


def test_the_headline_counts_what_beats_its_controls(made: SimpleNamespace) -> None:
    said = re.search(r'<p class="headline">(.*?)</p>', made.text).group(1)
    assert "any shift of it: 1 of 2 renders" in said
    assert "nine frames of ten: 1 of 2" in said


def test_every_score_is_on_the_page_with_its_unit_its_n_and_its_control(
    made: SimpleNamespace,
) -> None:
    shown = dict(re.findall(r'data-metric="(\w+)">([^<]*)<', made.text.split('id="poor"')[0]))
    assert shown["warp_error"] == "2.25"
    assert shown["lip_audio_delay_ms"] == "-40"
    assert shown["seam_score"] == "none: nothing moves around the joins"
    assert shown["a_new_one"] == "7"
    assert f"original clip none: {NO_SOUND}" in made.text
    table = pd.read_csv(made.arguments["csv"])
    assert len(table) == 2 * (7 + 10)
    known = table[table["value"].notna()]
    assert (known["n"] >= 1).all() and known["unit"].notna().all() and known["scope"].notna().all()
    assert table[table["value"].isna()]["reason"].notna().all()
    pd.testing.assert_frame_equal(
        table, pd.read_parquet(made.arguments["parquet"]), check_dtype=False
    )


def test_a_score_without_a_unit_stops_the_page() -> None:
    broken = scores(0.6, 1.0)
    broken["metrics"]["warp_error"]["unit"] = ""
    with pytest.raises(UnfoundedError, match="lacks its unit"):
        figures_of("demo", broken, "quality/demo.json", "one file")


def test_a_sync_that_was_not_measured_beats_nothing() -> None:
    unmeasured = scores(0.6, 1.0)
    unmeasured["metrics"]["lip_audio_correlation"]["value"] = None
    groups = figures_of("demo", unmeasured, "quality/demo.json", "one file")
    figures = {figure.name: figure for group in groups.values() for figure in group}
    assert "any shift of it: 0 of 1 render." in headline({"demo": figures})


def test_every_heading_lists_each_metric_once() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    assert len(listed) == len(set(listed))


def test_a_render_that_was_exchanged_is_not_shown(made: SimpleNamespace, tmp_path: Path) -> None:
    render = scored_render(tmp_path, "other", sync=0.6, nearer=1.0)
    render.video.write_bytes(render.video.read_bytes() + b"\0")
    arguments = made.arguments | {"page": tmp_path / "q.html", "signing": tmp_path / "signing"}
    with pytest.raises(ProvenanceError, match="as it is now"):
        show_quality([render], **arguments)
    assert not arguments["page"].exists()


@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_draws_the_charts_and_finds_the_renders_beside_the_page(
    made: SimpleNamespace, tmp_path: Path, dark: bool
) -> None:
    with chromium(tmp_path / "profile", dark=dark) as browser:
        for width in (1280, 390):
            open_page(browser, made.page, width)
            assert complaints(browser) == []
            drawn = browser.execute_script(
                "return [...document.querySelectorAll('.chart')].map(e => +e.dataset.drawn)"
            )
            assert len(drawn) == 6 and min(drawn) > 5
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        browser.set_script_timeout(60)
        lengths = browser.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "Promise.all([...document.querySelectorAll('video')].map(v => new Promise(r => {"
            " if (v.readyState) r(v.duration); v.onloadedmetadata = () => r(v.duration);"
            " v.onerror = () => r(-1); }))).then(done)"
        )
        assert lengths == pytest.approx([2.0, 2.0], abs=0.05)
