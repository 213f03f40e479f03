"""Small ONNX graphs with the signature of a detector of renders."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_detector(
    path: Path,
    *,
    batch: int | str = "N",
    side: int | str = 8,
    outputs: int = 1,
    gain: float = 1.0,
    channels: int = 3,
) -> Path:
    """Probability: the mean of red times `gain`; of two outputs the other one comes first."""
    constants = {
        "start": np.array([0], np.int64),
        "stop": np.array([1], np.int64),
        "axis": np.array([1], np.int64),
        "gain": np.array([gain], np.float32),
        "one": np.array([1], np.float32),
    }
    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Slice", ["flat", "start", "stop", "axis"], ["red"]),
        helper.make_node("Mul", ["red", "gain"], ["rendered"]),
    ]
    if outputs == 2:
        nodes += [
            helper.make_node("Sub", ["one", "rendered"], ["real"]),
            helper.make_node("Concat", ["real", "rendered"], ["score"], axis=1),
        ]
    else:
        nodes.append(helper.make_node("Concat", ["rendered"] * outputs, ["score"], axis=1))
    graph = helper.make_graph(
        nodes,
        "detector",
        [
            helper.make_tensor_value_info(
                "picture", TensorProto.FLOAT, [batch, channels, side, side]
            )
        ],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [batch, outputs])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
