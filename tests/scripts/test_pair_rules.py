"""The adapters of train_pair and score_swap pass every setting on, and the rules name the files."""

import json
import runpy
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mythmeter.people.footage import new_licence


def run(repository: Path, tmp_path: Path, job: SimpleNamespace) -> None:
    job.output.usage = str(tmp_path / "usage.jsonl")
    job.resources, job.threads, job.log = SimpleNamespace(), 1, str(tmp_path / "job.log")
    runpy.run_path(str(repository / "scripts" / f"{job.rule}.py"), init_globals={"snakemake": job})


def test_train_pair_hands_its_settings_over(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mythmeter.swap import train_pair as module

    seen: dict[str, Any] = {}
    monkeypatch.setattr(module, "train_pair", lambda job, **more: seen.update(job=job, **more))
    run(
        repository,
        tmp_path,
        SimpleNamespace(
            rule="train_pair",
            wildcards=SimpleNamespace(swapper="trained", preset="quick", items=dict),
            input=SimpleNamespace(
                crops=["a.mkv", "b.mkv"],
                points=["a.parquet", "b.parquet"],
                target_crops="t.mkv",
                target_points="t.parquet",
                warm_start="w.safetensors",
                encoder=["points.dat", "face.dat"],
            ),
            output=SimpleNamespace(model="m", training="t", preview="p"),
            params=SimpleNamespace(
                held_out="clip",
                enrolment_frames=9,
                seed=4,
                flops=True,
                samples=7,
                device="cpu",
                code="c",
            ),
        ),
    )
    job = seen["job"]
    assert job.person == ((Path("a.mkv"), Path("a.parquet")), (Path("b.mkv"), Path("b.parquet")))
    assert job.performer == (Path("t.mkv"), Path("t.parquet"))
    assert (job.swapper, job.preset, job.held_out, job.code) == ("trained", "quick", "clip", "c")
    assert (job.enrolment_frames, job.seed, job.samples, job.device) == (9, 4, 7, "cpu")
    assert (job.warm_start, seen["processes"]) == (Path("w.safetensors"), 1)
    assert job.identity == (Path("points.dat"), Path("face.dat"))
    assert module.PairJob.from_json(job.as_json()) == job


def test_train_pair_refuses_footage_that_is_not_the_licensed_file(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mythmeter.swap import train_pair as module

    monkeypatch.setattr(module, "train_pair", lambda *_, **__: pytest.fail("it was trained on"))
    clip, record = tmp_path / "clip.mp4", tmp_path / "licence.json"
    clip.write_bytes(b"as licensed")
    now = datetime.now(UTC)
    text = new_licence("hall", clip, licence="CC BY 4.0", source="a test", recorded=now)
    record.write_text(json.dumps(text))
    clip.write_bytes(b"another")
    job = SimpleNamespace(
        rule="train_pair",
        wildcards=SimpleNamespace(swapper="trained", preset="quick", items=dict),
        input=SimpleNamespace(footage=str(clip), licence=[str(record)]),
        output=SimpleNamespace(),
        params=SimpleNamespace(footage="hall"),
    )
    with pytest.raises(SystemExit):
        run(repository, tmp_path, job)
    assert "licence of another file" in (tmp_path / "job.log").read_text()


@pytest.mark.workflow
def test_rows_with_different_swappers_learn_apart_and_pairs_by_target(
    repository: Path, tmp_path: Path
) -> None:
    header = (repository / "config" / "renders.tsv").read_text().splitlines()[0].split("\t")
    rows = [("one", ""), ("two", ""), ("three", "trained"), ("four", "autoencoder")]
    lines = ["\t".join(header)]
    for name, swapper in rows:
        row = {"name": name, "person": "ada", "target": "langer", "script": "Hi.", "start_s": "1"}
        row |= {"swapper": swapper}
        lines.append("\t".join(row.get(column, "") for column in header))
    sheet = tmp_path / "renders.tsv"
    sheet.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--nolock"),
            *(
                "--config",
                f"renders={sheet}",
                f"paths={json.dumps({'results': str(tmp_path), 'reports': str(tmp_path)})}",
            ),
            *("--until", "swap_faces"),
        ],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    counts = dict(line.split() for line in text.splitlines() if len(line.split()) == 2)
    assert (counts["train_swap"], counts["train_pair"], counts["swap_faces"]) == ("1", "2", "4")
    for learnt in ("ada/closed_form", "ada/trained/quick/langer", "ada/autoencoder/quick/langer"):
        assert f"{tmp_path}/swap/{learnt}/model.safetensors" in text
