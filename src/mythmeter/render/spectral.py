"""Convolutions with large kernels, tile by tile in the frequency domain.

An 11×11 kernel costs 121 multiplications a pixel for each pair of channels. The discrete Fourier
transform of tiles that overlap (overlap–save) costs about nine, and transforms that are shared by
all pairs. For tiles this small, transforms are cheapest as products with small matrices, which BLAS
does at full speed; real and imaginary parts are rows of the same real matrices, so nothing is
shuffled between the steps. Results differ from those of a direct convolution by rounding alone.

Source: Oppenheim and Schafer, "Discrete-Time Signal Processing", overlap-save method; Mathieu,
Henaff and LeCun, "Fast Training of Convolutional Networks through FFTs", 2013.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Array = NDArray[np.float32]

TILE: Final = 32
"""Side of a tile: between 24 and 40, all cost about the same."""


class Convolution:
    """A picture convolved with odd square kernels, as networks do it; beyond it are zeros.

    Args:
        weight: (out, in, side, side); the kernels are not flipped.
        bias: (out,).
    """

    def __init__(self, weight: NDArray[np.floating], bias: NDArray[np.floating]) -> None:
        outputs, inputs, side = weight.shape[:3]
        self.outputs, self._inputs = outputs, inputs
        self._halo = side - 1
        self._step = step = TILE - self._halo
        self._waves = waves = TILE // 2 + 1
        self._bias = np.asarray(bias, np.float32)
        kernel = np.zeros((outputs, inputs, TILE, TILE))
        kernel[..., :side, :side] = weight
        spectrum = np.fft.rfft2(kernel).conj().transpose(3, 2, 0, 1)
        self._spectrum = _float32(
            np.block([[spectrum.real, -spectrum.imag], [spectrum.imag, spectrum.real]])
        )
        turns = np.outer(np.arange(TILE), np.arange(TILE)) / TILE
        forward = np.exp(-2j * np.pi * turns)
        # Of rows (x → wave, part), then of columns (part, y → wave, part).
        self._rows = _float32(_parts(forward[:waves]).reshape(2 * waves, TILE))
        self._columns = _float32(
            np.stack([_complex_row(forward), _complex_row(-1j * forward)], 1).reshape(2 * TILE, -1)
        )
        back = forward.conj()[:step] / TILE
        once = np.full(waves, 2.0)  # the other half of the waves is their mirror image
        once[[0, -1]] = 1.0
        # Of columns (wave, part → part, y), then of rows (wave, part → x).
        self._columns_back = _float32(
            np.concatenate([_interleaved(back), _interleaved(-1j * back)])
        )
        self._rows_back = _float32(_interleaved(back[:, :waves] * once))
        self._held: dict[str, Array] = {}

    def __call__(self, picture: Array) -> Array:
        """Return (out, height, width) of a picture (in, height, width)."""
        inputs, height, width = picture.shape
        step, waves, outputs = self._step, self._waves, self.outputs
        down, across = -(-height // step), -(-width // step)
        padded = np.zeros(
            (down * step + self._halo, inputs, across * step + self._halo), np.float32
        )
        edge = self._halo // 2
        padded[edge : edge + height, :, edge : edge + width] = picture.transpose(1, 0, 2)
        result = np.empty((outputs, down * step, across * step), np.float32)
        y, channel, x = padded.strides
        many, fewer = inputs * across, outputs * across
        for row in range(down):
            tiles = self._space("tiles", TILE, TILE * many)
            tiles.reshape(TILE, TILE, inputs, across)[...] = as_strided(
                padded[row * step :], (TILE, TILE, inputs, across), (x, y, channel, step * x)
            )
            waved = np.matmul(self._rows, tiles, out=self._space("rows", 2 * waves, TILE * many))
            seen = np.matmul(
                self._columns,
                waved.reshape(waves, 2 * TILE, many),
                out=self._space("columns", waves, 2 * TILE, many),
            )
            mixed = np.matmul(
                self._spectrum,
                seen.reshape(waves, TILE, 2 * inputs, across),
                out=self._space("mixed", waves, TILE, 2 * outputs, across),
            )
            half = np.matmul(
                self._columns_back,
                mixed.reshape(waves, 2 * TILE, fewer),
                out=self._space("half", waves, 2 * step, fewer),
            )
            band = np.matmul(
                self._rows_back,
                half.reshape(2 * waves, step * fewer),
                out=self._space("band", step, step * fewer),
            )
            rows = result[:, row * step : (row + 1) * step].reshape(outputs, step, across, step)
            rows[...] = band.reshape(step, step, outputs, across).transpose(2, 1, 3, 0)
        result += self._bias[:, None, None]
        return result[:, :height, :width]

    def _space(self, name: str, *shape: int) -> Array:
        """Return an array to write into; it is kept, since fresh memory is slow."""
        held = self._held.get(name)
        if held is None or held.shape != shape:
            held = self._held[name] = np.empty(shape, np.float32)
        return held


def _complex_row(matrix: NDArray[np.complexfloating]) -> NDArray[np.floating]:
    """(n, 2 k) real matrix whose product with (real, imaginary) stacked is the real part."""
    return np.concatenate([matrix.real, -matrix.imag], axis=1)


def _interleaved(matrix: NDArray[np.complexfloating]) -> NDArray[np.floating]:
    """The same for real and imaginary parts that alternate."""
    return np.stack([matrix.real, -matrix.imag], axis=2).reshape(len(matrix), -1)


def _parts(matrix: NDArray[np.complexfloating]) -> NDArray[np.floating]:
    return np.stack([matrix.real, matrix.imag], axis=1)


def _float32(matrix: NDArray[np.floating]) -> Array:
    return np.ascontiguousarray(matrix, np.float32)
