"""The adapters of the render rules pass on what Snakemake gives them, one after another."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scene import (
    CROP_COLOUR,
    HEIGHT,
    WIDTH,
    Scene,
    face_points,
    make_crops,
    make_scene,
    make_speech,
    tone,
)

from mythmeter.media.decode import read_frames
from mythmeter.provenance import checks
from mythmeter.provenance.keys import ensure_test_signer

RunRule = Callable[..., None]
ENCODED = {"encoder": "libx264", "crf": 23, "preset": "veryfast"}


@pytest.fixture
def run_rule(repository: Path, tmp_path: Path) -> RunRule:
    """Run an adapter with the given input, output and params."""

    def run(
        rule: str,
        input: dict[str, Any],
        output: dict[str, Path],
        params: dict[str, Any],
        wildcards: dict[str, str] | None = None,
    ) -> None:
        usage = tmp_path / f"{rule}.jsonl"
        job = SimpleNamespace(
            rule=rule,
            input=SimpleNamespace(**input),
            output=SimpleNamespace(**{k: str(v) for k, v in output.items()}, usage=str(usage)),
            params=SimpleNamespace(**params),
            wildcards=Wildcards(render="demo", **(wildcards or {})),
            threads=1,
            resources=SimpleNamespace(),
            log=str(tmp_path / f"{rule}.log"),
        )
        script = repository / "scripts" / f"{rule}.py"
        runpy.run_path(str(script), init_globals={"snakemake": job})
        phases = [json.loads(line)["phase"] for line in usage.read_text().splitlines()]
        assert phases[0] == "import" and phases[-2:] == ["steady", "other"]

    return run


class Wildcards(dict[str, str]):
    """Values by key and by attribute, as Snakemake gives them."""

    __getattr__ = dict.__getitem__


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = make_scene(tmp_path, frames=12)
    make_speech(scene, tone(0.4))
    return scene


def test_from_timeline_to_receipt(
    run_rule: RunRule,
    scene: Scene,
    tmp_path: Path,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    models: Callable[[str], Path],
) -> None:
    monkeypatch.setattr(checks, "mark_strength", lambda samples, rate_hz: 0.9)
    signing = tmp_path / "signing"
    ensure_test_signer(signing)
    run_rule(
        "plan_render",
        {"speech": scene.speech, "faces": scene.faces},
        {"timeline": scene.timeline},
        {"start_s": 0.0, "end_s": None, "fit": "trim", "chunks": 2},
    )
    verdict = tmp_path / "verdict.json"
    colour = dict.fromkeys(("primaries", "transfer", "matrix"), "bt709")
    verdict.write_text(json.dumps({"found": {"colour_assumed": {**colour, "range": "limited"}}}))
    chunks = [tmp_path / f"{chunk}-of-2.mp4" for chunk in (1, 2)]
    for chunk, path in enumerate(chunks, start=1):
        crops, geometry = make_crops(scene, chunk)
        run_rule(
            "composite",
            {
                "consent": scene.receipt,
                "clip": scene.clip,
                "faces": scene.faces,
                "masks": scene.masks,
                "verdict": verdict,
                "timeline": scene.timeline,
                "crops": crops,
                "geometry": geometry,
                "encoder": models("rivagan_encoder"),
                "decoder": models("rivagan_decoder"),
            },
            {"chunk": path},
            {"label": {}, **ENCODED},
            {"scatteritem": f"{chunk}-of-2"},
        )
    assembled = tmp_path / "assembled.mp4"
    run_rule(
        "assemble",
        {
            "chunks": chunks,
            "speech": scene.speech,
            "words": scene.words,
            "timeline": scene.timeline,
        },
        {"assembled": assembled},
        {"audio_kbps": 96},
    )
    kinds = {"video": "mp4", "captions": "vtt", "poster": "jpg"}
    signed = {key: tmp_path / f"signed.{suffix}" for key, suffix in kinds.items()}
    final = {key: tmp_path / f"demo.{suffix}" for key, suffix in kinds.items()}
    run_rule(
        "mark_render",
        {
            "consent": scene.receipt,
            "record": scene.record,
            "sources": [scene.clip],
            "footage": scene.clip,
            "licence": [],
            "face_match": [],
            "voice_match": [],
            "assembled": assembled,
            "words": scene.words,
            "target": scene.clip,
            "faces": [scene.clip],
            "voices": [scene.speech],
            "speech": scene.speech,
        },
        signed,
        {
            "label": {},
            "clips": [],
            "final": str(final["video"]),
            "ingredients": [],
            "backends": ["facemesh", "closed_form", "kokoro", "rewrite"],
            "catalogue": str(repository / "config" / "models.yaml"),
            "signing": str(signing),
            "gate": scene.gate_params,
            "footage": "footage",
            "generated": [],
        },
    )
    receipt = tmp_path / "demo.receipt.json"
    run_rule(
        "verify_render",
        {**signed, "decoder": models("rivagan_decoder")},
        {**final, "receipt": receipt},
        {"signing": str(signing)},
    )
    assert json.loads(receipt.read_text(encoding="utf-8"))["decision"] == "verified"
    assert all(path.is_file() for path in final.values())


def test_a_comparison_is_marked_like_a_render_and_nothing_unmarked_is_left(
    run_rule: RunRule,
    scene: Scene,
    tmp_path: Path,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    models: Callable[[str], Path],
) -> None:
    monkeypatch.setattr(checks, "mark_strength", lambda samples, rate_hz: 0.9)
    signing, work = tmp_path / "signing", tmp_path / "work"
    ensure_test_signer(signing)
    cut = {"start_s": 0.0, "end_s": None, "fit": "trim"}
    timed = {"speech": scene.speech, "faces": scene.faces}
    made = {}
    for chunks in (1, 2):
        run_rule("plan_render", timed, {"timeline": scene.timeline}, {**cut, "chunks": chunks})
        made[chunks] = [make_crops(scene, chunk + 1) for chunk in range(chunks)]
    (swap,) = made[1]
    kinds = {"video": "mp4", "captions": "vtt", "poster": "jpg", "receipt": "receipt.json"}
    final = {key: tmp_path / f"demo.comparison.{suffix}" for key, suffix in kinds.items()}
    run_rule(
        "compare_render",
        {
            "consent": scene.receipt,
            "record": scene.record,
            "sources": [scene.clip],
            "footage": scene.clip,
            "licence": [],
            "face_match": [],
            "voice_match": [],
            "target": scene.clip,
            "target_faces": scene.faces,
            "masks": scene.masks,
            "timeline": scene.timeline,
            "swap": swap[0],
            "swap_points": swap[1],
            "crops": [crops for crops, _ in made[2]],
            "geometry": [table for _, table in made[2]],
            "faces": [scene.clip],
            "voices": [scene.speech],
            "speech": scene.speech,
            "words": scene.words,
            "encoder": models("rivagan_encoder"),
            "decoder": models("rivagan_decoder"),
        },
        final,
        {
            "label": {},
            **ENCODED,
            "audio_kbps": 96,
            "clips": [],
            "ingredients": [],
            "backends": ["facemesh", "closed_form", "kokoro", "rewrite"],
            "catalogue": str(repository / "config" / "models.yaml"),
            "signing": str(signing),
            "gate": scene.gate_params,
            "footage": "footage",
            "generated": [],
            "work": str(work),
        },
    )
    receipt = json.loads(final["receipt"].read_text(encoding="utf-8"))
    assert receipt["decision"] == "verified" and receipt["file"] == "demo.comparison.mp4"
    assert all(check["passed"] for check in receipt["checks"].values())
    assert list(work.iterdir()) == []
    pictures = list(read_frames(final["video"]))
    assert len(pictures) == 10 and pictures[0].shape == (HEIGHT, 3 * WIDTH, 3)
    column, row = face_points(5)[4, :2].round().astype(int)
    original, swapped, synced = (
        pictures[5][row, column + panel * WIDTH].astype(int) for panel in range(3)
    )
    assert np.abs(original - CROP_COLOUR).max() > 40
    assert np.abs(swapped - CROP_COLOUR).max() < 12 and np.abs(synced - CROP_COLOUR).max() < 12


def test_a_target_shorter_than_the_speech_ends_the_job_with_one_message(
    run_rule: RunRule, scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_rule(
            "plan_render",
            {"speech": scene.speech, "faces": scene.faces},
            {"timeline": scene.timeline},
            {"start_s": 0.2, "end_s": 0.4, "fit": "trim", "chunks": 1},
        )
    error = capsys.readouterr().err
    assert "plan_render (render=demo): target shorter than the speech" in error
    assert "Traceback" not in error and not scene.timeline.exists()
