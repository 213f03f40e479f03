"""The adapter of rule track_faces passes every setting on."""

import json
import runpy
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mythmeter.faces.table import read_faces
from mythmeter.faces.track import assets
from mythmeter.media.decode import read_frames
from mythmeter.media.encode import VideoWriter


@pytest.fixture
def job(tmp_path: Path, models: Callable[[str], Path]) -> SimpleNamespace:
    clip = tmp_path / "clip.mkv"
    with VideoWriter(clip, rate=Fraction(24), size=(640, 360)) as writer:
        for frame in read_frames(models("langer"), 300, 306):
            writer.write(frame)
        writer.write(np.zeros((360, 640, 3), np.uint8))
    names = assets("facemesh")
    return SimpleNamespace(
        rule="track_faces",
        input=SimpleNamespace(clip=str(clip), models=[str(models(name)) for name in names]),
        output=SimpleNamespace(
            faces=str(tmp_path / "out" / "faces.parquet"),
            verdict=str(tmp_path / "out" / "faces.json"),
            usage=str(tmp_path / "usage.jsonl"),
        ),
        params=SimpleNamespace(
            landmarks="facemesh",
            assets=names,
            smoothing_frames=3,
            max_turn_deg=60,
            face={"time_s": 0.1, "box": [0.3, 0, 1, 1]},
        ),
        wildcards={"clip": "langer"},
        threads=1,
        resources=SimpleNamespace(),
        log=str(tmp_path / "job.log"),
    )


def test_faces_and_their_usage_are_written(job: SimpleNamespace, repository: Path) -> None:
    runpy.run_path(str(repository / "scripts" / "track_faces.py"), init_globals={"snakemake": job})
    faces = read_faces(Path(job.output.faces))
    assert faces.present.tolist() == [True] * 6 + [False]
    assert json.loads(Path(job.output.verdict).read_text())["target_chosen_by"] == "configuration"
    assert faces.irises.shape == (7, 10, 2)
    assert np.isfinite(faces.irises[:6]).all()
    lines = [json.loads(line) for line in Path(job.output.usage).read_text().splitlines()]
    assert [line["phase"] for line in lines] == ["import", "model_load", "steady", "other"]
    assert lines[2]["work"] == {"frames": 7}
    assert lines[2]["backend"] == "facemesh"


def test_a_clip_without_a_face_ends_with_one_message_and_exit_code_1(
    job: SimpleNamespace, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with VideoWriter(Path(job.input.clip), rate=Fraction(24), size=(64, 48)) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(
            str(repository / "scripts" / "track_faces.py"), init_globals={"snakemake": job}
        )
    assert caught.value.code == 1
    printed = capsys.readouterr().err.strip()
    assert printed.startswith("track_faces (clip=langer): ")
    assert "none of its 1 frames shows a face" in printed
    assert not Path(job.output.faces).exists()
    assert not Path(job.output.verdict).exists()
