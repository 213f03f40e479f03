"""The adapters of the rules train_swap and swap_faces pass every setting on."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_faces import PERFORMER, PERSON, learn, write_face, write_masks

from mythmeter.faces.table import read_crops
from mythmeter.swap.model import load_face


def job(tmp_path: Path, **parts: SimpleNamespace) -> SimpleNamespace:
    parts["output"].usage = str(tmp_path / "usage.jsonl")
    return SimpleNamespace(
        wildcards={},
        threads=1,
        resources=SimpleNamespace(),
        log=str(tmp_path / "job.log"),
        **parts,
    )


def phases(tmp_path: Path) -> dict[str, dict]:
    lines = (tmp_path / "usage.jsonl").read_text().splitlines()
    return {line["phase"]: line for line in map(json.loads, lines)}


def run(repository: Path, snakemake: SimpleNamespace) -> None:
    adapter = repository / "scripts" / f"{snakemake.rule}.py"
    runpy.run_path(str(adapter), init_globals={"snakemake": snakemake})


def train_job(tmp_path: Path, frames: int) -> SimpleNamespace:
    clips = [write_face(tmp_path / name, PERSON, frames) for name in ("a", "b")]
    return job(
        tmp_path,
        rule="train_swap",
        input=SimpleNamespace(crops=[str(c[0]) for c in clips], points=[str(c[1]) for c in clips]),
        output=SimpleNamespace(model=str(tmp_path / "model.safetensors")),
        params=SimpleNamespace(
            swapper="closed_form",
            texture_px=40,
            components=5,
            enrolment_frames=30,
            device="cpu",
        ),
    )


def test_a_model_is_learnt_from_all_clips(tmp_path: Path, repository: Path) -> None:
    run(repository, train_job(tmp_path, frames=15))
    tensors = load_face(tmp_path / "model.safetensors", "closed_form").tensors()
    assert len(tensors["features"]) == 30
    assert (tensors["texture_px"].item(), len(tensors["upper.basis"])) == (40, 5)
    steady = phases(tmp_path)["steady"]
    assert (steady["work"], steady["backend"]) == ({"frames": 30}, "closed_form")


def test_too_few_frames_end_the_job_with_one_message(
    tmp_path: Path, repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(repository, train_job(tmp_path, frames=5))
    assert ended.value.code == 1
    assert "10 frames show the person's face" in capfd.readouterr().err
    assert not (tmp_path / "model.safetensors").exists()


def test_a_segment_is_swapped(tmp_path: Path, repository: Path) -> None:
    learn([write_face(tmp_path / "person", PERSON, 30)], tmp_path / "model.safetensors")
    crops, points = write_face(tmp_path / "target", PERFORMER, 20)
    swap_job = job(
        tmp_path,
        rule="swap_faces",
        input=SimpleNamespace(
            model=str(tmp_path / "model.safetensors"),
            crops=str(crops),
            points=str(points),
            masks=str(write_masks(tmp_path / "target" / "masks.mkv", 20)),
        ),
        output=SimpleNamespace(
            video=str(tmp_path / "faces.mkv"), table=str(tmp_path / "faces.parquet")
        ),
        params=SimpleNamespace(
            swapper="closed_form", start_s=0.2, end_s=0.6, own=True, device="cpu"
        ),
    )
    run(repository, swap_job)
    drawn, given = read_crops(tmp_path / "faces.parquet"), read_crops(points)
    np.testing.assert_array_equal(drawn.points, given.points[5:15, :, :2])
    assert read_crops(tmp_path / "faces.parquet").frame.tolist() == list(range(5, 15))
    assert phases(tmp_path)["steady"]["work"] == {"frames": 10}
