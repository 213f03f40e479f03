"""The face mesh on a person drawn by hand is no face; on real footage it follows every frame."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.errors import ConfigError, ModelError
from mythmeter.faces.align import similarity, transform
from mythmeter.faces.landmarks.detector import Detector
from mythmeter.faces.landmarks.protocol import Landmarker, assets, load_landmarker
from mythmeter.faces.landmarks.region import Region
from mythmeter.faces.landmarks.tflite import TfliteModel
from mythmeter.faces.measures import measure
from mythmeter.faces.mesh import OVAL
from mythmeter.media.decode import read_frames

Picture = NDArray[np.uint8]


@pytest.fixture
def facemesh(models: Callable[[str], Path]) -> Landmarker:
    return load_landmarker("facemesh", {name: models(name) for name in assets("facemesh")})


@pytest.fixture(scope="module")
def performer(models: Callable[[str], Path]) -> list[Picture]:
    """Ten frames of the built-in footage; a blink is among them."""
    return list(read_frames(models("langer"), 382, 392))


def test_an_unknown_backend_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no backend 'dlib'.*facemesh"):
        assets("dlib")


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "face.tflite"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"face\.tflite: cannot be loaded"):
        TfliteModel(path)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_region_maps_its_centre_to_the_middle_and_its_side_to_the_model(mirrored: bool) -> None:
    region = Region(np.array([100.0, 50.0]), side_px=64, angle=0.3)
    matrix = region.matrix(192, mirrored=mirrored)
    np.testing.assert_allclose(transform(region.centre, matrix), [95.5, 95.5])
    along = region.centre + 32 * np.array([np.cos(0.3), np.sin(0.3)])
    expected = [95.5 - 96, 95.5] if mirrored else [95.5 + 96, 95.5]
    np.testing.assert_allclose(transform(along, matrix), expected)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (90, 160), (300, 40)])
def test_a_picture_without_a_face_is_recorded_with_a_reason(
    facemesh: Landmarker, size: tuple[int, int]
) -> None:
    noise = np.random.default_rng(12).integers(0, 256, (*size, 3), np.uint8)
    seen = facemesh.observe(noise)
    assert seen.points is None
    assert seen.reason == "no face detected"


def test_a_face_is_followed_and_its_blink_is_seen(
    facemesh: Landmarker, performer: list[Picture]
) -> None:
    seen = [facemesh.observe(frame) for frame in performer]
    assert all(s.points is not None and s.score > 0.9 for s in seen)
    openness = [measure(s.points)["eye_left"] for s in seen]
    assert min(openness) < 0.12
    assert max(openness) > 0.22


def test_the_mesh_is_found_again_after_a_loss(
    facemesh: Landmarker, performer: list[Picture]
) -> None:
    before = facemesh.observe(performer[0])
    gone = facemesh.observe(np.zeros_like(performer[0]))
    after = facemesh.observe(performer[0])
    assert gone.points is None
    difference = np.abs(after.points[:, :2] - before.points[:, :2]).mean()
    assert difference < 0.01 * np.ptp(before.points[list(OVAL), 1])


@pytest.mark.parametrize(("scale", "angle_deg"), [(0.5, 0), (2.5, 0), (1, 20)])
def test_the_mesh_moves_with_the_picture(
    models: Callable[[str], Path], performer: list[Picture], scale: float, angle_deg: float
) -> None:
    frame = performer[0]
    height, width = frame.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, scale)
    matrix[:, 2] = scale * np.array([width, height]) / 2 - matrix[:, :2] @ [width / 2, height / 2]
    size = (round(width * scale), round(height * scale))
    moved = cv2.warpAffine(frame, matrix, size, flags=cv2.INTER_CUBIC)
    paths = {name: models(name) for name in assets("facemesh")}
    plain, turned = (
        load_landmarker("facemesh", paths).observe(picture).points for picture in (frame, moved)
    )
    found = similarity(plain[:, :2], turned[:, :2])
    error = np.linalg.norm(transform(plain, matrix) - turned[:, :2], axis=1).mean()
    assert error < 0.015 * scale * np.ptp(plain[list(OVAL), 1])
    assert np.hypot(*found[:, 0]) == pytest.approx(scale, rel=0.02)


def test_a_small_face_in_a_wide_picture_is_found_by_a_closer_look(
    models: Callable[[str], Path], performer: list[Picture]
) -> None:
    small = cv2.resize(performer[0], (160, 90), interpolation=cv2.INTER_AREA)
    wide = np.full((540, 1920, 3), 90, np.uint8)
    wide[400:490, 1700:1860] = small
    detector = Detector(models("face_detector"))
    assert detector.find(wide) == []
    (found, *_) = detector.find(wide, fine=True)
    assert 1700 < found.box[0] < found.box[2] < 1860
    assert 380 < found.box[1] < found.box[3] < 510


@pytest.mark.media
@pytest.mark.parametrize("clip", ["grid_bbaf2n", "grid_pwij3p", "grid_lbbc2a"])
def test_real_speakers_are_followed_through_every_frame(
    facemesh: Landmarker, media: Path, clip: str
) -> None:
    frames = read_frames(media / f"{clip}.mpg")
    seen = [facemesh.observe(frame) for _, frame in zip(range(30), frames, strict=False)]
    assert len(seen) == 30
    assert all(s.points is not None for s in seen)
    opening = [measure(s.points)["mouth_open"] for s in seen]
    assert max(opening) > min(opening) + 0.02
