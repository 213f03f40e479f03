"""The adapter of rule crop_faces passes every setting on."""

import json
import runpy
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mythmeter.faces.mesh import CANONICAL
from mythmeter.faces.table import FacesWriter, read_crops
from mythmeter.media.decode import frame_size
from mythmeter.media.encode import VideoWriter

MEASURES = dict.fromkeys(
    ("yaw_deg", "pitch_deg", "roll_deg", "eye_left", "eye_right", "mouth_open"), 0.0
)


@pytest.fixture
def job(tmp_path: Path) -> SimpleNamespace:
    clip, faces = tmp_path / "clip.mkv", tmp_path / "faces.parquet"
    points = np.concatenate([20 + 60 * CANONICAL, np.zeros((468, 1))], axis=1)
    with (
        VideoWriter(clip, rate=Fraction(25), size=(128, 96)) as video,
        FacesWriter(faces, rate=Fraction(25), width=128, height=96, frames=4) as table,
    ):
        for number in range(4):
            video.write(np.full((96, 128, 3), 200, np.uint8))
            table.write(number, score=1.0, points=points, points_raw=points, measures=MEASURES)
    return SimpleNamespace(
        rule="crop_faces",
        input=SimpleNamespace(clip=str(clip), faces=str(faces), parsing=[]),
        output=SimpleNamespace(
            video=str(tmp_path / "crops.mkv"),
            masks=str(tmp_path / "masks.mkv"),
            table=str(tmp_path / "crops.parquet"),
            sheet=str(tmp_path / "crops.jpg"),
            usage=str(tmp_path / "usage.jsonl"),
        ),
        params=SimpleNamespace(crop_px=96),
        wildcards={"clip": "bob"},
        threads=1,
        resources=SimpleNamespace(),
        log=str(tmp_path / "job.log"),
    )


def test_crops_their_table_and_their_usage_are_written(
    job: SimpleNamespace, repository: Path
) -> None:
    runpy.run_path(str(repository / "scripts" / "crop_faces.py"), init_globals={"snakemake": job})
    assert frame_size(Path(job.output.video)) == (96, 96)
    crops = read_crops(Path(job.output.table))
    assert (crops.crop_px, crops.present.tolist()) == (96, [True] * 4)
    assert frame_size(Path(job.output.masks)) == (96, 96)
    assert Path(job.output.sheet).stat().st_size > 0
    lines = [json.loads(line) for line in Path(job.output.usage).read_text().splitlines()]
    assert next(line for line in lines if line["phase"] == "steady")["work"] == {"frames": 4}
