"""Small ONNX graphs with the signatures of a one-shot swapper and of its recognition model."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_swapper(
    path: Path,
    *,
    batch: int | str = 1,
    side: int = 128,
    source: str = "source",
    identity: np.ndarray | None = None,
) -> Path:
    """Output: the target, its channels weighted by three numbers of the identity."""
    matrix = np.eye(512, dtype=np.float32) if identity is None else identity
    nodes = [
        helper.make_node("Slice", [source, "start", "stop", "axis"], ["three"]),
        helper.make_node("Reshape", ["three", "as_channels"], ["weights"]),
        helper.make_node("Mul", ["target", "weights"], ["output"]),
    ]
    constants = {
        "start": np.array([0], np.int64),
        "stop": np.array([3], np.int64),
        "axis": np.array([1], np.int64),
        "as_channels": np.array([1, 3, 1, 1], np.int64),
        # As in the published file, the matrix is the last initialiser and no node uses it.
        "emap": matrix.astype(np.float32),
    }
    picture = [batch, 3, side, side]
    graph = helper.make_graph(
        nodes,
        "swapper",
        [
            helper.make_tensor_value_info("target", TensorProto.FLOAT, picture),
            helper.make_tensor_value_info(source, TensorProto.FLOAT, [1, 512]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, picture)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return _write(path, graph)


def write_recognition(path: Path, *, length: int = 512) -> Path:
    """Output: the mean of each channel, then zeros."""
    constants = {"pads": np.array([0, 0, 0, length - 3], np.int64)}
    nodes = [
        helper.make_node("GlobalAveragePool", ["input.1"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Pad", ["flat", "pads"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "recognition",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, ["None", 3, 112, 112])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["None", length])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return _write(path, graph)


def _write(path: Path, graph: onnx.GraphProto) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
