"""Kokoro's ONNX graph with two things brought out: phoneme durations and the pitch contour."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from onnx import TensorProto, helper

from mythmeter.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

DURATIONS = "/encoder/Clip_output_0"
"""(1, tokens) float32: how long each token lasts, in units of 25 ms."""

PITCH_HZ = "/encoder/Reshape_output_0"
"""(1, 2 × units) float32: fundamental frequency, before `pitch`; below ~30 where unvoiced."""

DECODER_ENTRY = "/decoder/decoder/Unsqueeze"
"""The node through which the pitch contour enters the decoder."""


def load_graph(path: Path) -> onnx.ModelProto:
    """Read the graph; add the input `pitch` (1,) and the outputs DURATIONS and PITCH_HZ.

    `pitch` multiplies the fundamental frequency. Done in memory: 0.4 s on one core, which a copy
    on disk would not repay.

    Raises:
        ModelError: missing, or not the Kokoro export that is pinned in config/models.yaml.
    """
    if not path.is_file():
        raise ModelError(f"{path} is missing. Fetch it, or put the file named so there.")
    try:
        model = onnx.load(str(path))
    except Exception as error:  # protobuf raises its own types, which differ by version
        raise ModelError(f"{path} is not an ONNX model ({error}). Fetch it again.") from error
    nodes = list(model.graph.node)
    entry = next((i for i, node in enumerate(nodes) if node.name == DECODER_ENTRY), None)
    if entry is None or PITCH_HZ not in nodes[entry].input:
        raise ModelError(
            f"{path} is not the Kokoro v1.0 int8 export that Mythmeter knows: it has no node "
            f"{DECODER_ENTRY}. Use the file that config/models.yaml pins."
        )
    nodes[entry].input[0] = "pitch_scaled"
    nodes.insert(entry, helper.make_node("Mul", [PITCH_HZ, "pitch"], ["pitch_scaled"]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.input.append(helper.make_tensor_value_info("pitch", TensorProto.FLOAT, [1]))
    expose(model, (DURATIONS, PITCH_HZ))
    return model


def expose(model: onnx.ModelProto, names: Iterable[str]) -> None:
    """Make inner float tensors of a graph outputs, in place."""
    for name in names:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))


def only(model: onnx.ModelProto, output: str) -> onnx.ModelProto:
    """Return a graph with just the nodes that one inner float tensor depends on."""
    needed, nodes = {output}, []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input)
    graph = helper.make_graph(
        nodes[::-1],
        model.graph.name,
        [item for item in model.graph.input if item.name in needed],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [item for item in model.graph.initializer if item.name in needed],
    )
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def start_session(model: onnx.ModelProto, threads: int) -> "InferenceSession":
    """Load a graph into ONNX Runtime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
