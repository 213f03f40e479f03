"""Kokoro's decoder in torch, so that a loss on the sound reaches the timbre.

Only what depends on the timbre is run here: text, durations, pitch and the harmonic source come
from ONNX Runtime once for each phrase (`boundary`). The 8-bit weights are multiplied out; the
quantisation of activations, through which no gradient passes, is left out.
"""

import operator
from collections.abc import Callable, Mapping
from typing import NamedTuple

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

from mythmeter.errors import ModelError

TIMBRE = "/decoder/Slice_output_0"
"""(1, 128): the half of the style that the decoder sees."""

SPECTRUM = "/decoder/decoder/generator/conv_post/Conv_output_0"
"""(1, 22, frames): log magnitude and phase of 11 bins, which an inverse STFT turns into sound."""

FFT_SIZE = 20
HOP = 5
OVERLAP = 1.5
"""Sum of the squared windows, which this export does not divide by; kept, to give its level."""
NORM_EPSILON = 1e-5

Tensors = list[torch.Tensor]
Operation = Callable[[Tensors], Tensors]


class Step(NamedTuple):
    """One operation: tensors by name in, tensors by name out."""

    run: Operation
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class KokoroDecoder:
    """The part of the graph between the timbre and the sound.

    Args:
        graph: from `load_graph`.
        device: `cpu` or `cuda`.

    Raises:
        ModelError: an operation that the pinned export does not have.
    """

    def __init__(self, graph: onnx.ModelProto, device: str = "cpu") -> None:
        self.device = device
        steps = _Translator(graph.graph, device).steps()
        self._steps = _needed(steps, SPECTRUM)
        made = {name for step in self._steps for name in step.outputs} | {TIMBRE}
        self.boundary = tuple(sorted({name for step in self._steps for name in step.inputs} - made))
        """Names of the tensors that ONNX Runtime gives, none of which depends on the timbre."""
        self._last_use = {name: i for i, step in enumerate(self._steps) for name in step.inputs}

    def __call__(self, fixed: Mapping[str, torch.Tensor], timbre: torch.Tensor) -> torch.Tensor:
        """Return sound (n,) at 24 kHz with its gradient.

        Args:
            fixed: a tensor for each name in `boundary`.
            timbre: (128,).
        """
        values: dict[str, torch.Tensor] = {**fixed, TIMBRE: timbre[None]}
        for index, step in enumerate(self._steps):
            outputs = step.run([values[name] for name in step.inputs])
            values.update(zip(step.outputs, outputs, strict=True))
            for name in step.inputs:
                if self._last_use[name] == index:
                    values.pop(name, None)
        spectrum = values[SPECTRUM]
        bins = FFT_SIZE // 2 + 1
        magnitude, phase = spectrum[:, :bins].exp(), spectrum[:, bins:].sin()
        window = torch.hann_window(FFT_SIZE, device=spectrum.device)
        sound = torch.istft(torch.polar(magnitude, phase), FFT_SIZE, HOP, window=window)
        return sound[0] * OVERLAP


class _Snake(torch.autograd.Function):
    """x + sin²(αx) / α, keeping only x for the way back (Ziyin et al., NeurIPS 2020)."""

    @staticmethod
    def forward(ctx, x, alpha):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x, alpha)
        return torch.sin(x * alpha).square_().div_(alpha).add_(x)

    @staticmethod
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        x, alpha = ctx.saved_tensors
        return torch.sin(x * (2 * alpha)).add_(1).mul_(gradient), None


class _Translator:
    """Turns the nodes that depend on the timbre into steps, patterns of several into one."""

    def __init__(self, graph: onnx.GraphProto, device: str) -> None:
        self._weights = {item.name: item for item in graph.initializer}
        self._device = device
        self._nodes: list[onnx.NodeProto] = []
        dependent = {TIMBRE}
        for node in graph.node:
            if dependent.intersection(node.input):
                self._nodes.append(node)
                dependent.update(node.output)
        self._maker = {name: node for node in graph.node for name in node.output}

    def steps(self) -> list[Step]:
        found = (self._fused(node) or self._plain(node) for node in self._nodes)
        return [step for step in found if step is not None]

    def _fused(self, node: onnx.NodeProto) -> Step | None:
        """Recognise the last node of a pattern."""
        makers = [self._maker.get(name) for name in node.input]
        kinds = [maker.op_type if maker is not None else "" for maker in makers]
        if node.op_type == "Mul" and kinds[:1] == ["Cast"] and makers[0] is not None:
            return self._product(node, makers[0])
        if node.op_type == "Div" and kinds == ["Sub", "Sqrt"] and makers[0] is not None:
            return Step(_instance_norm, (makers[0].input[0],), tuple(node.output))
        if node.op_type == "Add" and kinds[1:] == ["Mul"] and makers[1] is not None:
            return self._snake(node, makers[1])
        return None

    def _product(self, node: onnx.NodeProto, cast: onnx.NodeProto) -> Step | None:
        """Undo the quantisation of a convolution or a matrix product."""
        bias, product = None, self._maker[cast.input[0]]
        if product.op_type == "Add":
            bias = self._original_bias(product.input[1])
            product = self._maker[product.input[0]]
        if product.op_type not in ("ConvInteger", "MatMulInteger"):
            return None
        scale = self._weight(self._maker[node.input[1]].input[1])
        zero = self._weight(product.input[3]).float()
        weight = (self._weight(product.input[1]).float() - zero) * scale
        source = self._maker[product.input[0]].input[0]
        if product.op_type == "MatMulInteger":
            return Step(lambda x: [x[0] @ weight], (source,), tuple(node.output))
        options = _convolution(product)
        return Step(
            lambda x: [F.conv1d(x[0], weight, bias, **options)], (source,), tuple(node.output)
        )

    def _original_bias(self, name: str) -> torch.Tensor:
        """Follow a quantised bias back through its reshape, cast, floor and division."""
        while name not in self._weights:
            name = self._maker[name].input[0]
        return self._weight(name)

    def _snake(self, node: onnx.NodeProto, scaled: onnx.NodeProto) -> Step | None:
        power = self._maker.get(scaled.input[1])
        sine = self._maker.get(power.input[0]) if power and power.op_type == "Pow" else None
        if sine is None or sine.op_type != "Sin":
            return None
        alpha = self._weight(self._maker[sine.input[0]].input[0])
        return Step(lambda x: [_Snake.apply(x[0], alpha)], (node.input[0],), tuple(node.output))

    def _plain(self, node: onnx.NodeProto) -> Step | None:
        """Translate a node on its own; one that is only part of patterns becomes nothing."""
        names = [name for name in node.input if name and name not in self._weights]
        make = _PLAIN.get(node.op_type)
        if make is None:
            return None
        constants = {
            position: self._weight(name)
            for position, name in enumerate(node.input)
            if name in self._weights
        }
        run = make(node)
        count = len(node.input)

        def step(values: Tensors) -> Tensors:
            given = iter(values)
            full = [
                constants[i] if i in constants else next(given) if node.input[i] else _NOTHING
                for i in range(count)
            ]
            return run(full)

        return Step(step, tuple(names), tuple(node.output))

    def _weight(self, name: str) -> torch.Tensor:
        if name not in self._weights:
            raise ModelError(
                f"{name} is not a weight of this Kokoro export: it is not the file that "
                "config/models.yaml pins. Fetch it again."
            )
        array = numpy_helper.to_array(self._weights[name])
        return torch.from_numpy(array.copy()).to(self._device)


_NOTHING = torch.empty(0)
Maker = Callable[[onnx.NodeProto], Operation]


def _instance_norm(values: Tensors) -> Tensors:
    return [F.instance_norm(values[0], eps=NORM_EPSILON)]


def _attributes(node: onnx.NodeProto) -> dict[str, object]:
    return {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}


def _convolution(node: onnx.NodeProto) -> dict[str, int]:
    given = {item.name: list(item.ints) or [item.i] for item in node.attribute}
    pads = given.get("pads", [0, 0])
    if pads[0] != pads[1]:
        raise ModelError(f"{node.name}: uneven padding is not translated.")
    return {
        "stride": given.get("strides", [1])[0],
        "padding": pads[0],
        "dilation": given.get("dilations", [1])[0],
        "groups": given.get("group", [1])[0],
    }


def _elementwise(operation: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Maker:
    return lambda node: lambda x: [operation(x[0], x[1])]


def _conv(node: onnx.NodeProto) -> Operation:
    options = _convolution(node)
    return lambda x: [F.conv1d(x[0], x[1], x[2] if len(x) > 2 else None, **options)]


def _conv_transpose(node: onnx.NodeProto) -> Operation:
    options = _convolution(node)
    extra = next((list(a.ints) for a in node.attribute if a.name == "output_padding"), [0])[0]
    return lambda x: [
        F.conv_transpose1d(
            x[0], x[1], x[2] if len(x) > 2 else None, output_padding=extra, **options
        )
    ]


def _leaky_relu(node: onnx.NodeProto) -> Operation:
    slope = float(_attributes(node).get("alpha", 0.01))  # type: ignore[arg-type]
    return lambda x: [F.leaky_relu(x[0], slope)]


def _split(node: onnx.NodeProto) -> Operation:
    axis = int(_attributes(node).get("axis", 0))  # type: ignore[call-overload]
    return lambda x: list(x[0].split(x[1].tolist(), axis))


def _concat(node: onnx.NodeProto) -> Operation:
    axis = int(_attributes(node)["axis"])  # type: ignore[call-overload]
    return lambda x: [torch.cat(x, axis)]


def _unsqueeze(node: onnx.NodeProto) -> Operation:
    return lambda x: [x[0].unsqueeze(int(x[1]))]


def _resize(node: onnx.NodeProto) -> Operation:
    return lambda x: [x[0].repeat_interleave(round(float(x[2][-1])), dim=-1)]


def _pad(node: onnx.NodeProto) -> Operation:
    def pad(x: Tensors) -> Tensors:
        before, after = int(x[1][2]), int(x[1][5])
        return [F.pad(x[0], (before, after), mode="reflect")]

    return pad


_PLAIN: Mapping[str, Maker] = {
    "Add": _elementwise(operator.add),
    "Sub": _elementwise(operator.sub),
    "Mul": _elementwise(operator.mul),
    "Div": _elementwise(operator.truediv),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "LeakyRelu": _leaky_relu,
    "Split": _split,
    "Concat": _concat,
    "Unsqueeze": _unsqueeze,
    "Resize": _resize,
    "Pad": _pad,
}


def _needed(steps: list[Step], output: str) -> list[Step]:
    """Keep the steps that an output depends on."""
    needed, kept = {output}, []
    for step in reversed(steps):
        if needed.intersection(step.outputs):
            kept.append(step)
            needed.update(step.inputs)
    if not kept:
        raise ModelError(f"Kokoro's graph has no {output}: it is not the pinned export.")
    return kept[::-1]
