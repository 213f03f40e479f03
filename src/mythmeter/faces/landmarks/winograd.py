"""3×3 convolutions on a processor by Winograd's F(4×4, 3×3), a quarter of the multiplications.

Source: Lavin and Gray 2016, CVPR, "Fast Algorithms for Convolutional Neural Networks"; points
0, ±1, ±2 and infinity. What comes before (an affine map and a rectifier) and what comes after (a
residual sum) is done on the way, so that no intermediate picture is written and read again.
Pictures are float32, (n, height, width, channels); sides are multiples of 4, channels of 32.
"""

from typing import Any, Final

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from mythmeter.faces.compiled import compiled

LANES: Final = 32
"""Channels that are worked on together: two registers of 512 bits."""
TILE: Final = 4
BLOCK_TILES: Final = 64
"""Tiles that are transformed before they are multiplied: what stays in the second-level cache."""

_KERNEL: Final = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
_0: Final = np.float32(0)
_2: Final = np.float32(2)
_4: Final = np.float32(4)
_5: Final = np.float32(5)
_8: Final = np.float32(8)

Array = NDArray[np.float32]


class Convolution:
    """rectify(scale · x + shift) convolved with a 3×3 kernel, padding 1, no bias."""

    def __init__(self, weight: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> None:
        """Take a (out, in, 3, 3) kernel, and (in,) of the affine map that goes before it."""
        outputs, inputs = weight.shape[:2]
        kernel = weight.double().permute(2, 3, 1, 0).reshape(9, inputs * outputs)
        transformed = torch.from_numpy(np.kron(_KERNEL, _KERNEL)) @ kernel
        self._weight = transformed.view(36, inputs, outputs).float()
        self._scale, self._shift = scale.numpy(), shift.numpy()
        self.channels = outputs

    def __call__(self, picture: Array, residual: Array, total: Array, offset: int) -> Array:
        """Return the convolution, (n, h, w, out); write it plus a residual into a total.

        Args:
            picture: (n, h, w, in).
            residual, total: (n, h, w, at least offset + out); channels from `offset` on are used.
            offset: first channel.
        """
        count, height, width, channels = picture.shape
        tiles = count * (height // TILE) * (width // TILE)
        result = np.empty((count, height, width, self.channels), np.float32)
        source, target = picture.reshape(-1), result.reshape(-1)
        # Views, not copies: `total` is written through one.
        beside, sums = residual.reshape(-1), total.reshape(-1)
        for first in range(0, tiles, BLOCK_TILES):
            block = min(BLOCK_TILES, tiles - first)
            spread = torch.empty(36, block, channels)
            into = spread.numpy().reshape(-1)
            _spread(source, picture.shape, self._scale, self._shift, into, block, first)
            products = torch.bmm(spread, self._weight).numpy().reshape(-1)
            width_of_sums = total.shape[-1]
            _gather(
                *(products, target, result.shape, beside, sums, width_of_sums),
                *(offset, block, first),
            )
        return result


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _into_1d(d: Any, at: int, step: int) -> None:
    """Six values a lane, `step` apart, through the input transform, in place."""
    for c in range(LANES):
        d0, d1, d2 = d[at + c], d[at + step + c], d[at + 2 * step + c]
        d3, d4, d5 = d[at + 3 * step + c], d[at + 4 * step + c], d[at + 5 * step + c]
        even, odd = d4 - _4 * d2, d3 - _4 * d1
        even_2, odd_2 = d4 - d2, _2 * (d3 - d1)
        d[at + c] = _4 * d0 - _5 * d2 + d4
        d[at + step + c] = even + odd
        d[at + 2 * step + c] = even - odd
        d[at + 3 * step + c] = even_2 + odd_2
        d[at + 4 * step + c] = even_2 - odd_2
        d[at + 5 * step + c] = _4 * d1 - _5 * d3 + d5


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _out_of_1d(d: Any, at: int, step: int) -> None:
    """Six values a lane, `step` apart, through the output transform: four, in place."""
    for c in range(LANES):
        m0, m1, m2 = d[at + c], d[at + step + c], d[at + 2 * step + c]
        m3, m4, m5 = d[at + 3 * step + c], d[at + 4 * step + c], d[at + 5 * step + c]
        near, near_2 = m1 + m2, m1 - m2
        far, far_2 = m3 + m4, m3 - m4
        d[at + c] = m0 + near + far
        d[at + step + c] = near_2 + _2 * far_2
        d[at + 2 * step + c] = near + _4 * far
        d[at + 3 * step + c] = near_2 + _8 * far_2 + m5


def _spread_tiles(
    picture: Any,
    shape: Any,
    scale: Any,
    shift: Any,
    spread: Any,
    tiles: int,
    first: int,
) -> None:
    """Flat picture of (n, h, w, c) to flat (36, tiles, c), from tile `first` on."""
    _, height, width, channels = shape
    rows, columns = height // TILE, width // TILE
    d = np.empty(36 * LANES, np.float32)
    for tile in range(tiles):
        number, place = divmod(first + tile, rows * columns)
        top, left = place // columns * TILE - 1, place % columns * TILE - 1
        for low in range(0, channels, LANES):
            scale_here, shift_here = scale[low : low + LANES], shift[low : low + LANES]
            for i in range(6):
                for j in range(6):
                    y, x, at = top + i, left + j, (i * 6 + j) * LANES
                    if y < 0 or y >= height or x < 0 or x >= width:
                        for c in range(LANES):
                            d[at + c] = _0
                        continue
                    start = ((number * height + y) * width + x) * channels + low
                    values = picture[start : start + LANES]
                    for c in range(LANES):
                        d[at + c] = max(values[c] * scale_here[c] + shift_here[c], _0)
            for j in range(6):
                _into_1d(d, j * LANES, 6 * LANES)
            for i in range(6):
                _into_1d(d, i * 6 * LANES, LANES)
            for k in range(36):
                start = (k * tiles + tile) * channels + low
                target = spread[start : start + LANES]
                for c in range(LANES):
                    target[c] = d[k * LANES + c]


def _gather_tiles(
    products: Any,
    result: Any,
    shape: Any,
    residual: Any,
    total: Any,
    total_channels: int,
    offset: int,
    tiles: int,
    first: int,
) -> None:
    """Flat (36, tiles, c) to flat result of (n, h, w, c), and plus a residual into a total."""
    _, height, width, channels = shape
    rows, columns = height // TILE, width // TILE
    d = np.empty(36 * LANES, np.float32)
    for tile in range(tiles):
        number, place = divmod(first + tile, rows * columns)
        top, left = place // columns * TILE, place % columns * TILE
        for low in range(0, channels, LANES):
            for k in range(36):
                start = (k * tiles + tile) * channels + low
                source = products[start : start + LANES]
                for c in range(LANES):
                    d[k * LANES + c] = source[c]
            for j in range(6):
                _out_of_1d(d, j * LANES, 6 * LANES)
            for i in range(4):
                _out_of_1d(d, i * 6 * LANES, LANES)
            for i in range(4):
                for j in range(4):
                    at = (i * 6 + j) * LANES
                    pixel = (number * height + top + i) * width + left + j
                    start = pixel * channels + low
                    own = result[start : start + LANES]
                    start = pixel * total_channels + offset + low
                    other, both = residual[start : start + LANES], total[start : start + LANES]
                    for c in range(LANES):
                        own[c] = d[at + c]
                        both[c] = d[at + c] + other[c]


_spread = compiled(_spread_tiles)
_gather = compiled(_gather_tiles)
