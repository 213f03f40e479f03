"""Both rules on short clips, with a landmark backend that is told where the face is."""

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.faces import track
from mythmeter.faces.crop import crop_faces
from mythmeter.faces.landmarks.detector import Detection
from mythmeter.faces.landmarks.protocol import Observation
from mythmeter.faces.mesh import NOSE_TIP
from mythmeter.faces.table import FacesWriter, read_crops, read_faces, read_luma_step
from mythmeter.media.decode import count_frames, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.usage.record import UsageRecord

FRAMES = 12
ABSENT = {4, 5}
RATE = Fraction(24000, 1001)


def shift(number: int) -> NDArray[np.float64]:
    return np.array([10.0 + 2 * number, -20.0 + number, 0])


@pytest.fixture
def clip(tmp_path: Path, face_points: NDArray[np.float64]) -> Path:
    """A yellow nose on blue that wanders through the picture."""
    path = tmp_path / "clip.mkv"
    with VideoWriter(path, rate=RATE, size=(320, 256)) as writer:
        for number in range(FRAMES):
            # The blue says which frame this is, for the scripted backend.
            frame = np.full((256, 320, 3), (30, 30, 180 + number), np.uint8)
            x, y, _ = (face_points[NOSE_TIP] + shift(number)).round().astype(int)
            cv2.circle(frame, (int(x), int(y)), 9, (230, 220, 0), -1)
            writer.write(frame)
    return path


class Scripted:
    """Sees the face where the clip was told to have it."""

    def __init__(self, points: NDArray[np.float64], absent: set[int]) -> None:
        self._points, self._absent = points, absent

    def detect(
        self, frame: NDArray[np.uint8], *, fine: bool = False, every_view: bool = False
    ) -> list[Detection]:
        seen = self.fit(frame, None)
        if seen.points is None:
            return []
        box = np.concatenate([seen.points[:, :2].min(axis=0), seen.points[:, :2].max(axis=0)])
        return [Detection(score=0.9, box=box, eyes=seen.points[[33, 263], :2])]

    def fit(self, frame: NDArray[np.uint8], start: object) -> Observation:
        number = int(frame[0, 0, 2]) - 180
        if number in self._absent:
            return Observation(reason="no face detected")
        return Observation(points=self._points + shift(number), score=0.9)


class NoHands:
    """Sees no hands."""

    def __init__(self, models: object) -> None:
        pass

    def observe(self, *args: object, **options: object) -> list[NDArray[np.float32]]:
        return []


class OnePerson:
    """Takes every face for the same person's."""

    def __init__(self, *models: object) -> None:
        pass

    def embed(self, *args: object) -> NDArray[np.float64]:
        return np.zeros(128)


def run_track(
    clip: Path,
    output: Path,
    points: NDArray[np.float64],
    absent: set[int],
    monkeypatch: pytest.MonkeyPatch,
) -> UsageRecord:
    monkeypatch.setattr(track, "load_landmarker", lambda name, models: Scripted(points, absent))
    monkeypatch.setattr(track, "HandTracker", NoHands)
    monkeypatch.setattr(track, "FaceEncoder", OnePerson)
    record = UsageRecord("track_faces", {})
    track.track_faces(
        clip,
        output,
        verdict=output.with_suffix(".json"),
        landmarks="scripted",
        models={"dlib_points": clip, "dlib_face": clip},
        smoothing_frames=5,
        record=record,
    )
    return record


def run_crop(clip: Path, faces: Path, folder: Path) -> None:
    crop_faces(
        clip,
        faces,
        video=folder / "crops.mkv",
        masks=folder / "masks.mkv",
        table=folder / "crops.parquet",
        sheet=folder / "crops.jpg",
        crop_px=128,
        record=UsageRecord("crop_faces", {}),
    )


def test_each_frame_has_a_row_and_missing_faces_say_why(
    clip: Path,
    tmp_path: Path,
    face_points: NDArray[np.float64],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = run_track(clip, tmp_path / "faces.parquet", face_points, ABSENT, monkeypatch)
    faces = read_faces(tmp_path / "faces.parquet")
    assert (faces.rate, faces.width, faces.height) == (RATE, 320, 256)
    assert faces.frame.tolist() == list(range(FRAMES))
    assert {n for n in range(FRAMES) if not faces.present[n]} == ABSENT
    assert faces.reason[4] == "no face detected"
    expected = face_points + shift(9)
    np.testing.assert_allclose(faces.points[9], expected, atol=1e-3)
    np.testing.assert_allclose(faces.points_raw[9], expected, atol=1e-3)
    assert record.backend == "scripted"
    assert faces.span.tolist() == [0] * 4 + [-1] * 2 + [1] * 6
    steps = read_luma_step(tmp_path / "faces.parquet")
    assert len(steps) == FRAMES and np.isnan(steps[0]) and (steps[1:] > 0).all()
    assert faces.swappable.tolist() == faces.present.tolist()
    verdict = json.loads((tmp_path / "faces.json").read_text())
    assert [(s["start"], s["stop"]) for s in verdict["spans"]] == [(0, 4), (6, 12)]
    assert verdict["absent"] == {"no face detected": 2}


def test_a_clip_without_any_face_is_refused_by_name_and_leaves_no_table(
    clip: Path,
    tmp_path: Path,
    face_points: NDArray[np.float64],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = tmp_path / "faces.parquet"
    with pytest.raises(FaceError, match=r"clip\.mkv: none of its 12 frames shows a face"):
        run_track(clip, output, face_points, set(range(FRAMES)), monkeypatch)
    assert not output.exists()


def test_crops_hold_the_face_still_and_are_black_where_there_is_none(
    clip: Path,
    tmp_path: Path,
    face_points: NDArray[np.float64],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_track(clip, tmp_path / "faces.parquet", face_points, ABSENT, monkeypatch)
    run_crop(clip, tmp_path / "faces.parquet", tmp_path)
    crops = read_crops(tmp_path / "crops.parquet")
    assert (crops.rate, crops.crop_px, len(crops)) == (RATE, 128, FRAMES)
    pictures = list(read_frames(tmp_path / "crops.mkv"))
    assert len(pictures) == FRAMES
    for number, picture in enumerate(pictures):
        if number in ABSENT:
            assert not picture.any()
            assert not crops.present[number]
            continue
        yellow = np.argwhere(picture[..., 2] < 90).mean(axis=0)[::-1]
        assert np.abs(yellow - crops.points[number, NOSE_TIP]).max() < 0.6
        np.testing.assert_allclose(
            crops.points[number, NOSE_TIP], crops.points[0, NOSE_TIP], atol=1e-2
        )


def test_the_contact_sheet_shows_every_frame_of_a_short_clip(
    clip: Path,
    tmp_path: Path,
    face_points: NDArray[np.float64],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_track(clip, tmp_path / "faces.parquet", face_points, ABSENT, monkeypatch)
    run_crop(clip, tmp_path / "faces.parquet", tmp_path)
    sheet = cv2.imread(str(tmp_path / "crops.jpg"))
    assert sheet is not None
    assert sheet.shape == (2 * 160, 6 * 160, 3)


def test_the_same_clip_gives_the_same_bytes(
    clip: Path,
    tmp_path: Path,
    face_points: NDArray[np.float64],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        run_track(clip, folder / "faces.parquet", face_points, ABSENT, monkeypatch)
        run_crop(clip, folder / "faces.parquet", folder)
        files = ("faces.parquet", "faces.json", "crops.parquet", "crops.jpg")
        made.append([(folder / file).read_bytes() for file in files])
    assert made[0] == made[1]


def test_faces_of_a_shorter_clip_are_refused_and_leave_nothing(clip: Path, tmp_path: Path) -> None:
    faces = tmp_path / "faces.parquet"
    with FacesWriter(faces, rate=RATE, width=320, height=256, frames=3) as writer:
        for number in range(3):
            writer.write(number, reason="no face detected")
    with pytest.raises(FaceError, match="ends at frame 3, but its clip has 12"):
        run_crop(clip, faces, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"clip.mkv", "faces.parquet"}
    assert count_frames(clip) == FRAMES
