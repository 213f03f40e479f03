from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mythmeter.errors import FaceError
from mythmeter.faces.table import (
    CropsWriter,
    CropTable,
    FacesWriter,
    read_crops,
    read_faces,
    write_crops,
)

MEASURES = dict.fromkeys(
    ("yaw_deg", "pitch_deg", "roll_deg", "eye_left", "eye_right", "mouth_open"), 0.5
)


def crops(frames: int) -> CropTable:
    rng = np.random.default_rng(11)
    present = np.arange(frames) % 7 != 3
    matrix = rng.random((frames, 2, 3), np.float32)
    points = rng.random((frames, 468, 2), np.float32)
    matrix[~present], points[~present] = np.nan, np.nan
    number = np.arange(frames, dtype=np.int32)
    return CropTable(Fraction(30000, 1001), 256, number, present, matrix, points)


def write_faces(path: Path, frames: int) -> None:
    with FacesWriter(path, rate=Fraction(25), width=64, height=48, frames=frames) as writer:
        for number in range(frames):
            if number % 3 == 0:
                writer.write(number, reason="no face detected")
            else:
                points = np.full((468, 3), number, np.float32)
                writer.write(
                    number, score=0.9, points=points, points_raw=points + 1, measures=MEASURES
                )


def test_crops_come_back_as_they_were_written(tmp_path: Path) -> None:
    written = crops(600)
    write_crops(tmp_path / "crops.parquet", written)
    found = read_crops(tmp_path / "crops.parquet")
    assert (found.rate, found.crop_px, len(found)) == (Fraction(30000, 1001), 256, 600)
    for name in ("frame", "present", "matrix", "points"):
        np.testing.assert_array_equal(getattr(found, name), getattr(written, name))


def test_a_range_of_frames_is_read_alone(tmp_path: Path) -> None:
    written = crops(600)
    write_crops(tmp_path / "crops.parquet", written)
    part = read_crops(tmp_path / "crops.parquet", 250, 262)
    np.testing.assert_array_equal(part.frame, np.arange(250, 262))
    np.testing.assert_array_equal(part.points, written.points[250:262])


def test_faces_come_back_with_reasons_and_nan_where_there_is_none(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces.parquet", 5)
    track = read_faces(tmp_path / "faces.parquet")
    assert (track.rate, track.width, track.height) == (Fraction(25), 64, 48)
    assert track.present.tolist() == [False, True, True, False, True]
    assert track.reason == ("no face detected", None, None, "no face detected", None)
    assert np.isnan(track.points[[0, 3]]).all()
    assert (track.points[4] == 4).all()
    assert (track.points_raw[4] == 5).all()
    assert np.isnan(track.yaw_deg[0])
    assert track.mouth_open[1] == 0.5


def test_the_columns_are_those_of_the_contract(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces.parquet", 2)
    schema = pq.read_schema(tmp_path / "faces.parquet")
    assert schema.field("points").type == pa.list_(pa.float32(), 1404)
    assert schema.field("frame").type == pa.int32()
    assert schema.metadata[b"rate"] == b"25/1"
    assert schema.metadata[b"frames"] == b"2"
    table = pq.read_table(tmp_path / "faces.parquet")
    assert table["points"].null_count == table["score"].null_count == 1


def test_a_failed_job_leaves_no_table(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        CropsWriter(tmp_path / "crops.parquet", rate=Fraction(25), crop_px=8) as writer,
    ):
        writer.write(0, None, None)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_another_kind_of_table_is_refused_by_name(tmp_path: Path) -> None:
    write_crops(tmp_path / "crops.parquet", crops(3))
    with pytest.raises(FaceError, match=r"crops\.parquet: lacks reason, score"):
        read_faces(tmp_path / "crops.parquet")
