"""FAN against the library that it comes from, with small random weights in the real format."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mythmeter.errors import FaceError, ModelError
from mythmeter.faces.align import crop_matrix, transform
from mythmeter.faces.crop import AGREES, alignments
from mythmeter.faces.landmarks import fan as fan_module
from mythmeter.faces.landmarks.fan import MIRRORED, Fan, box_of_mesh, decode, placement
from mythmeter.faces.landmarks.fan_network import ProcessorNetwork, load_network
from mythmeter.faces.landmarks.ibug import crop_matrix_68, disagreement, of_mesh
from mythmeter.faces.locate import Settings, locate_points
from mythmeter.faces.measures import measure
from mythmeter.faces.mesh import CANONICAL, MIRROR
from mythmeter.faces.points import PointsWriter, read_points
from mythmeter.faces.table import FacesWriter
from mythmeter.media.encode import VideoWriter
from mythmeter.usage.record import UsageRecord

FRAMES = 5
ABSENT = {0, 3}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One stack instead of four: 6 M parameters."""
    from face_alignment.models import FAN

    torch.manual_seed(0)
    network = FAN(1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.normal_(module.weight, 0.8, 0.3)
    path = tmp_path_factory.mktemp("fan") / "2DFAN1.pth.tar"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture
def frames() -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(1)
    small = random.integers(0, 255, (FRAMES, 16, 20, 3)).astype(np.uint8)
    return [frame.repeat(16, axis=0).repeat(16, axis=1) for frame in small]


def load(weights: Path, **changed: Any) -> Fan:
    settings = {"device": "cpu", "flip_input": True, "whole_pixels": True, "batch": 2} | changed
    return Fan(weights, **settings)


def library(weights: Path, monkeypatch: pytest.MonkeyPatch, *, flip: bool) -> Any:
    """face-alignment itself, on these weights, its machine code left uncompiled."""
    from face_alignment import api, utils

    monkeypatch.setattr(utils, "transform_np", utils.transform_np.py_func)
    monkeypatch.setattr(utils, "_get_preds_fromhm", utils._get_preds_fromhm.py_func)
    monkeypatch.setattr(api.FaceAlignment, "_load_native", lambda *_: load_network(weights))
    return api.FaceAlignment(
        api.LandmarksType.TWO_D,
        device="cpu", face_detector="folder", compile=False, flip_input=flip,
    )  # fmt: skip


@pytest.mark.parametrize("flip", [True, False])
def test_points_are_those_of_the_library(
    flip: bool,
    weights: Path,
    frames: list[NDArray[np.uint8]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The last box hangs over the edge of the picture.
    boxes = [
        np.array(b, float) for b in ((60, 50, 201.3, 190.7), (30, 20, 90, 99), (-40, 90, 80, 260))
    ]
    theirs = library(weights, monkeypatch, flip=flip)
    ours = load(weights, flip_input=flip).locate(zip(frames, boxes, strict=False))
    for frame, box, located in zip(frames, boxes, ours, strict=False):
        expected, scores, _ = theirs.get_landmarks(frame, [box], return_landmark_score=True)
        np.testing.assert_allclose(located.points, expected[0], atol=1e-3)
        np.testing.assert_allclose(located.scores, scores[0], atol=1e-4)


def test_the_network_of_several_stacks_is_the_librarys() -> None:
    """Two stacks: heatmaps between them go back into the features."""
    from face_alignment.models import FAN

    torch.manual_seed(1)
    network = FAN(2).eval().requires_grad_(False)
    crops = np.random.default_rng(2).random((1, 256, 256, 3), np.float32)
    expected = network(torch.from_numpy(crops).permute(0, 3, 1, 2))[-1].permute(0, 2, 3, 1)
    np.testing.assert_allclose(ProcessorNetwork(network)(crops), expected.numpy(), atol=2e-5)


def test_mirroring_names_the_points_as_the_library_does() -> None:
    from face_alignment.utils import shuffle_lr

    numbered = torch.arange(68.0).view(1, 68, 1, 1).expand(1, 68, 64, 64)
    assert shuffle_lr(numbered)[0, :, 0, 0].tolist() == MIRRORED.tolist()


def test_the_mesh_has_the_68_points_where_a_mirror_image_has_them() -> None:
    points = of_mesh(CANONICAL)
    mirrored = of_mesh(CANONICAL[MIRROR])[MIRRORED]
    np.testing.assert_allclose(points, mirrored, atol=0.02)
    # Eyes above the nose above the lips, the subject's right side on the picture's left.
    assert points[36:48, 1].max() < points[30, 1] < points[48:, 1].min()
    assert points[36, 0] < points[45, 0] and points[0, 0] < points[16, 0]


def test_fractions_of_pixels_are_kept_on_request() -> None:
    heatmaps = np.zeros((64, 64, 68), np.float32)
    heatmaps[20, 30], heatmaps[20, 31], heatmaps[19, 30] = 1, 0.5, 0.25
    centre, scale = placement(np.array([100.0, 100, 200.5, 210.25]))
    exact = decode(heatmaps, centre, scale, whole_pixels=False)
    whole = decode(heatmaps, centre, scale, whole_pixels=True)
    side = 200 * scale
    expected = (np.array([30.75, 20.25]) / 64 - 0.5) * side + centre
    np.testing.assert_allclose(exact.points[0], expected, atol=1e-9)
    np.testing.assert_array_equal(whole.points, np.floor(exact.points))


def test_a_file_that_is_no_checkpoint_is_one_clear_message(tmp_path: Path) -> None:
    path = tmp_path / "2DFAN4.pth.tar"
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is not a checkpoint of the face alignment network"):
        load_network(path)
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(ModelError, match="is not a checkpoint of the face alignment network"):
        load_network(path)


@pytest.fixture
def clip(
    tmp_path: Path, frames: list[NDArray[np.uint8]], face_points: NDArray[np.float64]
) -> tuple[Path, Path]:
    """A clip and its face table, with frames that show no face at the start and inside."""
    video, faces = tmp_path / "clip.mkv", tmp_path / "faces.parquet"
    with VideoWriter(video, rate=Fraction(25), size=(320, 256)) as writer:
        for frame in frames:
            writer.write(frame)
    with FacesWriter(faces, rate=Fraction(25), width=320, height=256, frames=FRAMES) as rows:
        for number in range(FRAMES):
            if number in ABSENT:
                rows.write(number, reason="no face detected")
                continue
            points = face_points + [number, 0, 0]
            rows.write(
                number, score=0.9, points=points, points_raw=points, measures=measure(points)
            )
    return video, faces


def run(clip: tuple[Path, Path], weights: Path, folder: Path) -> UsageRecord:
    record = UsageRecord("locate_points", {})
    locate_points(
        *clip,
        weights=weights,
        settings=Settings(flip_input=True, whole_pixels=True, batch_frames=2),
        device="cpu",
        licence="for research",
        table=folder / "points_68.parquet",
        sheet=folder / "points_68.jpg",
        summary=folder / "points_68.json",
        record=record,
    )
    return record


def test_every_frame_has_a_row_and_batches_do_not_mix_frames(
    clip: tuple[Path, Path], weights: Path, tmp_path: Path, frames: list[NDArray[np.uint8]],
    face_points: NDArray[np.float64],
) -> None:  # fmt: skip
    run(clip, weights, tmp_path)
    table = read_points(tmp_path / "points_68.parquet")
    assert table.frame.tolist() == list(range(FRAMES))
    assert np.flatnonzero(~table.present).tolist() == sorted(ABSENT)
    assert np.isnan(table.points[sorted(ABSENT)]).all()
    single = load(weights, batch=1)
    for number in set(range(FRAMES)) - ABSENT:
        mesh = (face_points + [number, 0, 0]).astype(np.float32)
        alone = next(single.locate([(frames[number], box_of_mesh(mesh))]))
        np.testing.assert_array_equal(table.points[number], alone.points)
        assert table.disagreement[number] == pytest.approx(disagreement(alone.points, mesh), 1e-5)
    facts = json.loads((tmp_path / "points_68.json").read_text())
    assert (facts["frames"], facts["faces"], facts["licence"]) == (FRAMES, 3, "for research")
    assert (tmp_path / "points_68.jpg").stat().st_size > 5000


def test_points_align_a_crop_where_they_agree_with_the_mesh(
    clip: tuple[Path, Path], tmp_path: Path, face_points: NDArray[np.float64]
) -> None:
    table = tmp_path / "points_68.parquet"
    with PointsWriter(table, rate=Fraction(25)) as rows:
        for number in range(FRAMES):
            located = of_mesh(face_points + [number, 0, 0]) + [3.0, -2.0]
            if number == 4:
                located = located + [80.0, 0.0]
            mesh = face_points + [number, 0, 0]
            rows.write(number, located, 1.0, disagreement(located, mesh))
    rows_of = read_points(table)
    assert rows_of.disagreement[1] < AGREES < rows_of.disagreement[4]
    aligned = {a.frame: a for a in alignments(clip[1], FRAMES, 128, table)}
    np.testing.assert_allclose(aligned[1].matrix, crop_matrix_68(rows_of.points[1], 128), atol=1e-6)
    mesh = face_points.astype(np.float32) + np.float32([4, 0, 0])
    np.testing.assert_allclose(aligned[4].matrix, crop_matrix(mesh, 128), atol=1e-3)
    moved = transform(mesh - np.float32([3, 0, 0]), aligned[1].matrix)
    np.testing.assert_allclose(aligned[1].points, moved, atol=1e-3)


def test_points_of_another_clip_are_refused(clip: tuple[Path, Path], tmp_path: Path) -> None:
    table = tmp_path / "points_68.parquet"
    with PointsWriter(table, rate=Fraction(25)) as rows:
        rows.write(0)
    with pytest.raises(FaceError, match="has fewer frames"):
        list(alignments(clip[1], FRAMES, 128, table))


def test_on_a_gpu_the_whole_batch_goes_at_once(
    weights: Path, frames: list[NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for the device: both branches see the same crops and give the same."""
    sizes = []

    class StandIn:
        def __init__(self, network: Any) -> None:
            self._network = network

        def __call__(self, crops: NDArray[np.float32]) -> NDArray[np.float32]:
            sizes.append(len(crops))
            pictures = torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 3, 1, 2)
            return self._network(pictures)[-1].permute(0, 2, 3, 1).numpy()

    monkeypatch.setattr(fan_module, "_OnGpu", StandIn)
    faces = [(frame, np.array([60.0, 50, 200, 190])) for frame in frames[:3]]
    on_gpu = list(load(weights, device="cuda", batch=3).locate(faces))
    on_cpu = list(load(weights, batch=3).locate(faces))
    assert sizes == [6]
    for one, other in zip(on_gpu, on_cpu, strict=True):
        np.testing.assert_array_equal(one.points, other.points)
