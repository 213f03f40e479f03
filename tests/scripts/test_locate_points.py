"""The adapter of rule locate_points passes every setting on."""

import json
import runpy
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mythmeter.faces.measures import measure
from mythmeter.faces.mesh import CANONICAL_CM
from mythmeter.faces.points import read_points
from mythmeter.faces.table import FacesWriter
from mythmeter.media.encode import VideoWriter

FRAMES = 2


@pytest.fixture
def job(tmp_path: Path) -> SimpleNamespace:
    from face_alignment.models import FAN

    torch.manual_seed(0)
    torch.save(FAN(1).state_dict(), tmp_path / "weights.pth.tar")
    points = CANONICAL_CM * [6.0, -6.0, -6.0] + [100, 90, 0]
    with VideoWriter(tmp_path / "clip.mkv", rate=Fraction(25), size=(200, 180)) as clip:
        for _ in range(FRAMES):
            clip.write(np.random.default_rng(0).integers(0, 255, (180, 200, 3)).astype(np.uint8))
    faces = tmp_path / "faces.parquet"
    with FacesWriter(faces, rate=Fraction(25), width=200, height=180, frames=FRAMES) as rows:
        rows.write(0, score=0.9, points=points, points_raw=points, measures=measure(points))
        rows.write(1, reason="no face detected")
    out = {name: str(tmp_path / "out" / f"points_68.{name}") for name in ("parquet", "jpg", "json")}
    return SimpleNamespace(
        rule="locate_points",
        input=SimpleNamespace(
            clip=str(tmp_path / "clip.mkv"),
            faces=str(faces),
            weights=str(tmp_path / "weights.pth.tar"),
        ),
        output=SimpleNamespace(
            table=out["parquet"],
            sheet=out["jpg"],
            summary=out["json"],
            usage=str(tmp_path / "usage.jsonl"),
        ),
        params=SimpleNamespace(
            fan={"flip_input": False, "whole_pixels": False, "batch_frames": 4},
            licence="for research",
            device="cpu",
        ),
        wildcards={"clip": "langer"},
        threads=1,
        resources=SimpleNamespace(),
        log=str(tmp_path / "job.log"),
    )


def run(job: SimpleNamespace, repository: Path) -> None:
    adapter = repository / "scripts" / "locate_points.py"
    runpy.run_path(str(adapter), init_globals={"snakemake": job})


def test_points_and_their_usage_are_written(job: SimpleNamespace, repository: Path) -> None:
    run(job, repository)
    table = read_points(Path(job.output.table))
    assert table.present.tolist() == [True, False]
    assert (table.points[0] % 1 != 0).any()
    facts = json.loads(Path(job.output.summary).read_text())
    assert (facts["flip_input"], facts["whole_pixels"], facts["licence"]) == (
        *(False, False),
        "for research",
    )
    lines = map(json.loads, Path(job.output.usage).read_text().splitlines())
    steady = {line["phase"]: line for line in lines}["steady"]
    assert (steady["backend"], steady["work"]) == ("fan", {"frames": 2, "faces": 1})


def test_other_weights_end_the_job_with_one_message(
    job: SimpleNamespace, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(job.input.weights).write_bytes(b"nothing")
    with pytest.raises(SystemExit):
        run(job, repository)
    assert "is not a checkpoint of the face alignment network" in capsys.readouterr().err
    assert not Path(job.output.table).exists()
