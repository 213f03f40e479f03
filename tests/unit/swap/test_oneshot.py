"""The one-shot swapper on small graphs with the real signatures."""

from pathlib import Path

import numpy as np
import pytest
from drawn_faces import CROP_PX, PERFORMER, PERSON, write_face
from oneshot_graphs import write_recognition, write_swapper

from mythmeter.errors import ConfigError, DeviceError, ModelError
from mythmeter.faces.align import transform
from mythmeter.faces.mask import face_mask
from mythmeter.faces.table import read_crops
from mythmeter.media.decode import read_frames
from mythmeter.models.catalogue import Asset, Source
from mythmeter.models.fetch import fetch
from mythmeter.models.supplied import require
from mythmeter.swap.apply import swap_faces
from mythmeter.swap.crops import stream_crops
from mythmeter.swap.swappers import onnx_graph
from mythmeter.swap.swappers.base import Equipment, Settings
from mythmeter.swap.swappers.oneshot_onnx import (
    SWAP_TEMPLATE,
    TEMPLATE,
    OneshotOnnx,
    _alignment,
    five_points,
    identity_matrix,
)
from mythmeter.swap.train import train_swap
from mythmeter.usage.record import UsageRecord

CPU = "CPUExecutionProvider"


def face(embedding: list[float]) -> OneshotOnnx:
    vector = np.zeros(512, np.float32)
    vector[: len(embedding)] = embedding
    return OneshotOnnx(vector / np.linalg.norm(vector))


def equipped(swapper: Path, embedding: list[float]) -> OneshotOnnx:
    oneshot = face(embedding)
    oneshot.equip(Equipment({"swapper": swapper}, CPU))
    return oneshot


@pytest.fixture
def crops(tmp_path: Path) -> list:
    return list(stream_crops(*write_face(tmp_path / "performer", PERFORMER, 5)))


def test_five_points_land_on_the_template(crops: list) -> None:
    points = five_points(crops[0].points)
    for template in (TEMPLATE, SWAP_TEMPLATE):
        aligned = transform(points, _alignment(crops[0], template))
        assert np.abs(aligned - template).max() < 12
        # The picture is not mirrored: the first eye is the one on the picture's left.
        assert aligned[0, 0] < aligned[1, 0]


def test_the_identity_is_the_embedding_through_the_graphs_matrix(
    tmp_path: Path, crops: list
) -> None:
    """Red goes to green: the matrix swaps the first two numbers, and the graph weighs channels."""
    matrix = np.eye(512, dtype=np.float32)
    matrix[[0, 1]] = matrix[[1, 0]]
    swapper = write_swapper(tmp_path / "swapper.onnx", identity=matrix)
    drawn = equipped(swapper, [1.0]).draw(crops[:1], None, 0)[0]
    inside = drawn.covered
    assert drawn.picture[inside][:, [0, 2]].max() == 0
    before = crops[0].picture[inside][:, 1].astype(float)
    assert np.abs(drawn.picture[inside][:, 1] - before).mean() < 3


@pytest.mark.parametrize("batch", [1, "N"])
def test_batches_and_single_crops_give_the_same(
    batch: int | str, tmp_path: Path, crops: list
) -> None:
    oneshot = equipped(write_swapper(tmp_path / "swapper.onnx", batch=batch), [1.0, 1.0, 1.0])
    assert oneshot._batch == (1 if batch == 1 else 16)
    together = oneshot.draw(crops, None, 0)
    apart = [oneshot.draw([crop], None, row)[0] for row, crop in enumerate(crops)]
    assert len(together) == len(crops)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_array_equal(one.picture, other.picture)


def test_a_person_is_enrolled_and_swapped_from_file_to_file(tmp_path: Path) -> None:
    recognition = write_recognition(tmp_path / "recognition.onnx")
    swapper = write_swapper(tmp_path / "swapper.onnx", batch="N")
    person = write_face(tmp_path / "person", PERSON, 30)
    target = write_face(tmp_path / "target", PERFORMER, 6, absent=range(2, 3))
    model, faces = tmp_path / "model.safetensors", (tmp_path / "f.mkv", tmp_path / "f.parquet")
    settings = Settings(40, 5, Equipment({"recognition": recognition}, CPU))
    record = UsageRecord("train_swap", {})
    train_swap(
        [person], model, swapper="oneshot_onnx", settings=settings, enrolment_frames=30,
        record=record,
    )  # fmt: skip
    swap_faces(
        model, target, faces, swapper="oneshot_onnx", start_s=0, end_s=None,
        record=UsageRecord("swap_faces", {}), equipment=Equipment({"swapper": swapper}, CPU),
    )  # fmt: skip
    before, after = list(read_frames(target[0])), list(read_frames(faces[0]))
    table = read_crops(faces[1])
    assert table.present.tolist() == [True, True, False, True, True, True]
    np.testing.assert_array_equal(after[2], before[2])
    outside = face_mask(table.points[0], CROP_PX) == 0
    np.testing.assert_array_equal(after[0][outside], before[0][outside])
    assert not np.array_equal(after[0], before[0])


def test_another_signature_is_one_clear_message(tmp_path: Path) -> None:
    for number, graph in enumerate(({"side": 256}, {"source": "latent"})):
        swapper = write_swapper(tmp_path / f"{number}.onnx", **graph)
        with pytest.raises(ModelError, match=r"no one-shot swapper: it must take target \[N, 3, 1"):
            equipped(swapper, [1.0])
    recognition = write_recognition(tmp_path / "short.onnx", length=128)
    settings = Settings(40, 5, Equipment({"recognition": recognition}, CPU))
    with pytest.raises(ModelError, match=r"no recognition model.*gives \[N, 128\]"):
        OneshotOnnx.train([], settings)


def test_a_graph_without_its_matrix_is_one_clear_message(tmp_path: Path) -> None:
    swapper = write_swapper(tmp_path / "swapper.onnx", identity=np.eye(4))
    with pytest.raises(ModelError, match="last initialiser must be 512 × 512 and is 4 × 4"):
        identity_matrix(swapper)


def test_a_file_that_is_no_graph_is_one_clear_message(tmp_path: Path) -> None:
    path = tmp_path / "swapper.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(ModelError, match="cannot be loaded as an ONNX graph"):
        equipped(path, [1.0])


def test_a_provider_that_is_not_installed_stops(tmp_path: Path) -> None:
    swapper = write_swapper(tmp_path / "swapper.onnx")
    with pytest.raises(DeviceError, match="OpenVINOExecutionProvider is not part of the ONNX"):
        onnx_graph.Graph(swapper, "OpenVINOExecutionProvider")


def test_a_provider_that_falls_back_to_the_cpu_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX Runtime lists CUDA, fails to load its libraries, and goes on with the CPU."""
    swapper = write_swapper(tmp_path / "swapper.onnx")
    session = onnx_graph.onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnx_graph.onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", CPU]
    )
    monkeypatch.setattr(
        onnx_graph.onnxruntime,
        "InferenceSession",
        lambda path, options, providers: session(path, options, providers=[CPU]),
    )
    with pytest.raises(DeviceError, match="did not load and ONNX Runtime went on with"):
        onnx_graph.Graph(swapper, "CUDAExecutionProvider")


def asset(folder: Path, sha256: str) -> Asset:
    folders = (Source("folder", str(folder)),)
    return Asset(
        "inswapper", "inswapper_128.onnx", sha256, 9, "research only", "swapper", folders, "terms"
    )


def test_another_file_under_the_same_name_is_one_clear_message(tmp_path: Path) -> None:
    write_swapper(tmp_path / "inswapper_128.onnx")
    with pytest.raises(ModelError, match="is not the pinned file: its sha256 is"):
        fetch(asset(tmp_path, "0" * 64), tmp_path / "out" / "inswapper_128.onnx")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_missing_files_and_licences_stop_before_any_work(tmp_path: Path) -> None:
    wanted = {"wanted_by": "swapper oneshot_onnx", "instead": "swapper closed_form"}
    with pytest.raises(ModelError, match=r"not accepted: research only.*licences: \[terms\]"):
        require([asset(tmp_path, "0" * 64)], **wanted, licences=[])
    with pytest.raises(ModelError, match=r"Put the file with sha256 0000.*Without it: swapper cl"):
        require([asset(tmp_path, "0" * 64)], **wanted, licences=["terms"])
    write_swapper(tmp_path / "inswapper_128.onnx")
    require([asset(tmp_path, "0" * 64)], **wanted, licences=["terms"])


def test_a_swapper_without_its_file_says_which_key_names_it() -> None:
    with pytest.raises(ConfigError, match=r"swap\.oneshot\.recognition names none"):
        OneshotOnnx.train([], Settings(40, 5))
