"""RivaGAN's two networks for single pictures, from the weights in their ONNX files.

ONNX Runtime takes their 11×11 kernels, stored in three dimensions, the slow way. Here the same
arithmetic is done in the frequency domain (`spectral`), several times as fast; what comes out
differs in the sixth digit.

Source: Zhang, Xu, Cuesta-Infante and Veeramachaneni, "Robust invisible video watermarking with
attention", 2019; the graphs in the package invisible-watermark 0.2.0.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ModelError
from mythmeter.render.spectral import Convolution

Array = NDArray[np.float32]

BITS = 32
NORM_EPSILON = 1e-5
STRONGEST = np.float32(0.016)
"""How far the encoder may move a value, of 2 from black to white."""


class RivaganEncoder:
    """Hides 32 bits in a picture.

    Raises:
        ModelError: the file is missing or not the network.
    """

    def __init__(self, path: Path) -> None:
        weights = _read(path)
        self._attention = _Attention(weights, path)
        self._first = _Layer(weights, "_conv.0", "_conv.2", path)
        self._last = _convolution(weights, "_conv.3", path)

    def hide(self, picture: Array, bits: Array) -> Array:
        """Return the marked picture (3, height, width), values about −1 to 1.

        Args:
            picture: (3, height, width), −1 to 1.
            bits: (32,) zeros and ones.
        """
        signs = 2 * bits - 1
        attended = np.tensordot(signs, self._attention.of(picture), axes=1)
        seen = np.concatenate([picture, attended[None]])
        change = self._last(self._first.of(seen))
        return np.asarray(picture + np.tanh(change) * STRONGEST, np.float32)


class RivaganDecoder:
    """Reads 32 bits from a picture.

    Raises:
        ModelError: the file is missing or not the network.
    """

    def __init__(self, path: Path) -> None:
        weights = _read(path)
        self._attention = _Attention(weights, path)
        self._first = _Layer(weights, "_conv.0", "_conv.2", path)
        self._last = _convolution(weights, "_conv.3", path)

    def read(self, picture: Array) -> Array:
        """Return the logits (32,) of a picture (3, height, width), −1 to 1."""
        found = self._last(self._first.of(picture))
        attention = self._attention.of(picture)
        return np.asarray((found * attention).mean(axis=(1, 2)), np.float32)


class _Layer:
    """Convolution, tanh, batch normalisation."""

    def __init__(self, weights: Mapping[str, Array], name: str, norm: str, path: Path) -> None:
        self._convolution = _convolution(weights, name, path)
        variance = _of(weights, f"{norm}.running_var", path)
        scale = _of(weights, f"{norm}.weight", path) / np.sqrt(variance + NORM_EPSILON)
        mean = _of(weights, f"{norm}.running_mean", path)
        self._scale = np.asarray(scale, np.float32)[:, None, None]
        shift = _of(weights, f"{norm}.bias", path) - mean * scale
        self._shift = np.asarray(shift, np.float32)[:, None, None]

    @property
    def bound(self) -> np.float32:
        """No value is larger, since a tanh is at most 1."""
        return np.float32((np.abs(self._scale) + self._shift).max())

    def of(self, picture: Array) -> Array:
        values = self._convolution(picture)
        np.tanh(values, out=values)
        values *= self._scale
        values += self._shift
        return values


class _Attention:
    """Which bit each pixel carries: (32, height, width), adding up to 1."""

    def __init__(self, weights: Mapping[str, Array], path: Path) -> None:
        self._first = _Layer(weights, "_attention.0", "_attention.2", path)
        self._second = _Layer(weights, "_attention.3", "_attention.5", path)

    def of(self, picture: Array) -> Array:
        scores = self._second.of(self._first.of(picture))
        scores -= self._second.bound  # so that no exponential overflows
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=0)
        return scores


def _read(path: Path) -> dict[str, Array]:
    import onnx
    from onnx import numpy_helper

    try:
        graph = onnx.load(str(path)).graph
        return {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    except Exception as error:  # a file that is missing, cut off, or no graph at all
        raise _no_network(path, str(error)) from error


def _of(weights: Mapping[str, Array], name: str, path: Path) -> NDArray[np.float64]:
    if name not in weights:
        raise _no_network(path, f"it has no {name}")
    return weights[name].astype(np.float64)


def _convolution(weights: Mapping[str, Array], name: str, path: Path) -> Convolution:
    kernel = _of(weights, f"{name}.weight", path)
    if kernel.ndim != 5 or kernel.shape[2] != 1:
        raise _no_network(path, f"{name} has the shape {kernel.shape}")
    return Convolution(kernel[:, :, 0], _of(weights, f"{name}.bias", path))


def _no_network(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"{path}: the network of the video watermark does not load ({reason}). Unmarked video "
        "is never written; fetch the file again (rule fetch_model)."
    )
