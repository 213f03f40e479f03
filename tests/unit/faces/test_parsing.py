"""A face-parsing graph built here: it calls what is red hair and what is not red skin."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from mythmeter.errors import ModelError
from mythmeter.faces.parsing import FaceParser


def write_graph(path: Path, classes: int = 19) -> Path:
    """One 1 × 1 convolution: class 17 by red, class 1 by a constant."""
    weights = np.zeros((classes, 3, 1, 1), np.float32)
    weights[min(17, classes - 1), 0] = 1.0
    bias = np.full(classes, -9.0, np.float32)
    bias[1], bias[min(17, classes - 1)] = 0.0, 0.0
    graph = helper.make_graph(
        [helper.make_node("Conv", ["picture", "weights", "bias"], ["classes"])],
        "parsing",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("classes", TensorProto.FLOAT, [1, classes, 64, 64])],
        [
            helper.make_tensor("weights", TensorProto.FLOAT, weights.shape, weights.ravel()),
            helper.make_tensor("bias", TensorProto.FLOAT, bias.shape, bias),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


def test_what_is_not_face_is_covered(tmp_path: Path) -> None:
    crop = np.full((128, 128, 3), (60, 120, 120), np.uint8)
    crop[:, 64:] = (250, 20, 20)
    visible = FaceParser(write_graph(tmp_path / "parsing.onnx")).visible(crop)
    assert visible.shape == (128, 128)
    assert (visible[:, :58] == 255).all()
    assert (visible[:, 70:] == 0).all()


def test_other_files_and_graphs_are_refused_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"wrong\.onnx: cannot be loaded"):
        FaceParser(wrong)
    with pytest.raises(ModelError, match=r"gives \[1, 7, 64, 64\]; a face-parsing model"):
        FaceParser(write_graph(tmp_path / "seven.onnx", classes=7))
