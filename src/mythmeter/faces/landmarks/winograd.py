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
"""Channels that are worked on together: two registers of 512 bits, four of 256."""
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
LANE: Final = np.uint64(LANES)
ROW: Final = np.uint64(6 * LANES)
U: Final = numba.uint64
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


# Indices of lanes are unsigned: signed ones may count from the end, and a loop that has to ask is
# not made into vector instructions.


@numba.njit  # type: ignore[untyped-decorator]
def _into(d0: Any, d1: Any, d2: Any, d3: Any, d4: Any, d5: Any) -> Any:
    """Six values through the input transform."""
    even, odd = d4 - _4 * d2, d3 - _4 * d1
    even_2, odd_2 = d4 - d2, _2 * (d3 - d1)
    first, last = _4 * d0 - _5 * d2 + d4, _4 * d1 - _5 * d3 + d5
    return first, even + odd, even - odd, even_2 + odd_2, even_2 - odd_2, last


@numba.njit  # type: ignore[untyped-decorator]
def _out_of(m0: Any, m1: Any, m2: Any, m3: Any, m4: Any, m5: Any) -> Any:
    """Six values through the output transform: four."""
    near, near_2 = m1 + m2, m1 - m2
    far, far_2 = m3 + m4, m3 - m4
    return m0 + near + far, near_2 + _2 * far_2, near + _4 * far, near_2 + _8 * far_2 + m5


@numba.njit  # type: ignore[untyped-decorator]
def _columns(
    source: Any, start: Any, column: Any, row: Any, scale: Any, shift: Any, low: Any, half: Any
) -> None:
    """A tile's columns, mapped and rectified, through the input transform.

    Pixels are `column` and `row` apart in the source; `half` is (6, 6, LANES), flat.
    """
    for j in range(6):
        s, at = U(start + j * column), U(j * LANES)
        for c in range(U(LANES)):
            a, b = scale[low + c], shift[low + c]
            d0 = max(source[s + c] * a + b, _0)
            d1 = max(source[s + row + c] * a + b, _0)
            d2 = max(source[s + U(2) * row + c] * a + b, _0)
            d3 = max(source[s + U(3) * row + c] * a + b, _0)
            d4 = max(source[s + U(4) * row + c] * a + b, _0)
            d5 = max(source[s + U(5) * row + c] * a + b, _0)
            t0, t1, t2, t3, t4, t5 = _into(d0, d1, d2, d3, d4, d5)
            half[at + c] = t0
            half[at + ROW + c] = t1
            half[at + U(2) * ROW + c] = t2
            half[at + U(3) * ROW + c] = t3
            half[at + U(4) * ROW + c] = t4
            half[at + U(5) * ROW + c] = t5


@numba.njit  # type: ignore[untyped-decorator]
def _at_border(
    picture: Any, shape: Any, place: Any, scale: Any, shift: Any, low: Any, seen: Any
) -> None:
    """A tile's pixels, mapped and rectified, with zeros beyond the border: (6, 6, LANES), flat."""
    _, height, width, channels = shape
    number, top, left = place
    for i in range(6):
        for j in range(6):
            y, x, at = top + i, left + j, U((i * 6 + j) * LANES)
            if y < 0 or y >= height or x < 0 or x >= width:
                for c in range(U(LANES)):
                    seen[at + c] = _0
                continue
            start = U(((number * height + y) * width + x) * channels + low)
            for c in range(U(LANES)):
                seen[at + c] = max(picture[start + c] * scale[low + c] + shift[low + c], _0)


def _spread_tiles(
    picture: Any, shape: Any, scale: Any, shift: Any, spread: Any, tiles: int, first: int
) -> None:
    """Flat picture of (n, h, w, c) to flat (36, tiles, c), from tile `first` on."""
    _, height, width, channels = shape
    rows, columns = height // TILE, width // TILE
    half, seen = np.empty(36 * LANES, np.float32), np.empty(36 * LANES, np.float32)
    one, nothing = np.ones(LANES, np.float32), np.zeros(LANES, np.float32)
    far = U(tiles * channels)
    for tile in range(tiles):
        number, place = divmod(first + tile, rows * columns)
        down, across = divmod(place, columns)
        top, left = down * TILE - 1, across * TILE - 1
        inside = down > 0 and across > 0 and down < rows - 1 and across < columns - 1
        for low in range(0, channels, LANES):
            if inside:
                start = ((number * height + top) * width + left) * channels + low
                apart = U(width * channels)
                _columns(picture, start, channels, apart, scale, shift, U(low), half)
            else:
                _at_border(picture, shape, (number, top, left), scale, shift, U(low), seen)
                _columns(seen, 0, LANES, ROW, one, nothing, U(0), half)
            for i in range(6):
                at, to = U(i * 6 * LANES), U((i * 6 * tiles + tile) * channels + low)
                for c in range(U(LANES)):
                    d0, d1, d2 = half[at + c], half[at + LANE + c], half[at + U(2) * LANE + c]
                    d3, d4 = half[at + U(3) * LANE + c], half[at + U(4) * LANE + c]
                    t0, t1, t2, t3, t4, t5 = _into(d0, d1, d2, d3, d4, half[at + U(5) * LANE + c])
                    spread[to + c] = t0
                    spread[to + far + c] = t1
                    spread[to + U(2) * far + c] = t2
                    spread[to + U(3) * far + c] = t3
                    spread[to + U(4) * far + c] = t4
                    spread[to + U(5) * far + c] = t5


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
    half = np.empty(24 * LANES, np.float32)
    far = U(tiles * channels)
    row_apart = U(6) * far
    for tile in range(tiles):
        number, place = divmod(first + tile, rows * columns)
        down, across = divmod(place, columns)
        top, left = down * TILE, across * TILE
        for low in range(0, channels, LANES):
            for j in range(6):
                s, at = U((j * tiles + tile) * channels + low), U(j * LANES)
                for c in range(U(LANES)):
                    m0, m1 = products[s + c], products[s + row_apart + c]
                    m2, m3 = products[s + U(2) * row_apart + c], products[s + U(3) * row_apart + c]
                    m4, m5 = products[s + U(4) * row_apart + c], products[s + U(5) * row_apart + c]
                    t0, t1, t2, t3 = _out_of(m0, m1, m2, m3, m4, m5)
                    half[at + c] = t0
                    half[at + ROW + c] = t1
                    half[at + U(2) * ROW + c] = t2
                    half[at + U(3) * ROW + c] = t3
            for i in range(4):
                at = U(i * 6 * LANES)
                pixel = (number * height + top + i) * width + left
                own, both = U(pixel * channels + low), U(pixel * total_channels + offset + low)
                next_own, next_both = U(channels), U(total_channels)
                for c in range(U(LANES)):
                    m0, m1, m2 = half[at + c], half[at + LANE + c], half[at + U(2) * LANE + c]
                    m3, m4 = half[at + U(3) * LANE + c], half[at + U(4) * LANE + c]
                    t0, t1, t2, t3 = _out_of(m0, m1, m2, m3, m4, half[at + U(5) * LANE + c])
                    result[own + c] = t0
                    result[own + next_own + c] = t1
                    result[own + U(2) * next_own + c] = t2
                    result[own + U(3) * next_own + c] = t3
                    total[both + c] = t0 + residual[both + c]
                    total[both + next_both + c] = t1 + residual[both + next_both + c]
                    at_2, at_3 = both + U(2) * next_both, both + U(3) * next_both
                    total[at_2 + c] = t2 + residual[at_2 + c]
                    total[at_3 + c] = t3 + residual[at_3 + c]


_spread = compiled(_spread_tiles)
_gather = compiled(_gather_tiles)
