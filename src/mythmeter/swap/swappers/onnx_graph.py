"""A graph of ONNX Runtime on the provider that was asked for, or not at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mythmeter.errors import ModelError
from mythmeter.models.session import open_session

ON_CUDA = ("CUDAExecutionProvider", "TensorrtExecutionProvider")
"""Providers whose inputs and outputs are bound in the GPU's memory."""

Shape = tuple[int | None, ...]
"""None: any size."""


class Graph:
    """One loaded graph, run with its inputs and outputs bound to the device's memory."""

    def __init__(self, path: Path, provider: str) -> None:
        """Load a graph.

        Raises:
            DeviceError: the provider is not part of this ONNX Runtime, or did not load.
            ModelError: the file is no graph.
        """
        self._session = open_session(path, provider, key="swap.oneshot.provider", undone="swapped")
        self.path, self._device = path, "cuda" if provider in ON_CUDA else "cpu"
        self.output = self._session.get_outputs()[0].name
        self._fixed: dict[str, Any] = {}

    def require(self, inputs: Mapping[str | None, Shape], output: Shape, what: str) -> None:
        """Raise ModelError unless the graph has these inputs (None: one of any name) and output."""
        found = {i.name: _shape(i) for i in self._session.get_inputs()}
        given = {_shape(o) for o in self._session.get_outputs()}
        named: dict[str | None, Shape] = dict(found)
        if None in inputs and len(found) == 1:
            named[None] = next(iter(found.values()))
        fits = (
            (len(found) == len(inputs))
            and all(name in named and _fits(named[name], shape) for name, shape in inputs.items())
            and all(i.type == "tensor(float)" for i in self._session.get_inputs())
            and len(given) == 1
            and _fits(next(iter(given)), output)
        )
        if not fits:
            wanted = ", ".join(f"{name or 'one input'} {_said(s)}" for name, s in inputs.items())
            has = ", ".join(f"{i.name} {_said(_shape(i))}" for i in self._session.get_inputs())
            outputs = ", ".join(_said(shape) for shape in given)
            raise ModelError(
                f"{self.path}: is no {what}: it must take {wanted} (float32) and give "
                f"{_said(output)}; it takes {has} and gives {outputs}. Name another file in "
                "config/models.yaml, or another asset in swap.oneshot."
            )

    @property
    def inputs(self) -> list[str]:
        """Names of the inputs."""
        return [i.name for i in self._session.get_inputs()]

    def takes_batches(self, name: str) -> bool:
        """Whether an input may hold more than one picture."""
        return _shape({i.name: i for i in self._session.get_inputs()}[name])[0] is None

    def keep(self, name: str, value: NDArray[np.float32]) -> None:
        """Put an input that stays the same into the device's memory once."""
        self._fixed[name] = self._on_device(value)

    def __call__(self, name: str, value: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run with one changing input; return the output."""
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(name, self._on_device(value))
        for fixed, kept in self._fixed.items():
            binding.bind_ortvalue_input(fixed, kept)
        binding.bind_output(self.output, self._device)
        self._session.run_with_iobinding(binding)
        result: NDArray[np.float32] = binding.copy_outputs_to_cpu()[0]
        return result

    def _on_device(self, value: NDArray[np.float32]) -> Any:
        contiguous = np.ascontiguousarray(value, np.float32)
        return onnxruntime.OrtValue.ortvalue_from_numpy(contiguous, self._device, 0)


def _shape(value: Any) -> Shape:
    return tuple(side if isinstance(side, int) and side > 0 else None for side in value.shape)


def _fits(shape: Shape, wanted: Shape) -> bool:
    """A batch of any size fits one of 1, and sides that the graph leaves open fit any."""
    return len(shape) == len(wanted) and all(
        side is None or want is None or side == want
        for side, want in zip(shape[1:], wanted[1:], strict=True)
    )


def _said(shape: Sequence[int | None]) -> str:
    return f"[{', '.join('N' if side is None else str(side) for side in shape)}]"
