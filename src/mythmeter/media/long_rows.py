"""Rows of numbers, one a frame, in a scratch file: what grows with a clip but is needed as a whole.

Means and deviations are added up in NumPy's own order, so they are those of the whole array to the
bit, however the rows are read.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

BLOCK_ROWS = 1024
"""Rows that are in memory at a time."""


class LongRows:
    """Append rows of one shape, then read them again in blocks or one by one."""

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._shape, self._dtype = shape, np.dtype(dtype)
        self._row_bytes = int(np.prod(shape, dtype=np.int64)) * self._dtype.itemsize
        self._rows = 0

    def append(self, row: NDArray[Any]) -> None:
        """Add a row."""
        self._file.seek(self._rows * self._row_bytes)
        self._file.write(np.ascontiguousarray(row, self._dtype).tobytes())
        self._rows += 1

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, part: slice) -> NDArray[Any]:
        """Read some rows that follow one another."""
        start, stop, step = part.indices(self._rows)
        if step != 1:
            raise ValueError("long rows are read without a step")
        self._file.seek(start * self._row_bytes)
        read = self._file.read(max(0, stop - start) * self._row_bytes)
        return np.frombuffer(read, self._dtype).reshape(-1, *self._shape)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for block in self.blocks():
            yield from block

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[NDArray[Any]]:
        """Yield all rows, some at a time."""
        for start in range(0, self._rows, rows):
            yield self[start : start + rows]


Blocks = Callable[[], Iterable[NDArray[Any]]]
"""Gives the rows of an array in blocks, each time anew."""


def mean_of(blocks: Blocks) -> NDArray[Any]:
    """Mean over all rows, as `np.mean(axis=0)` has it."""
    total, count = _sum(blocks())
    return np.asarray(total / count, total.dtype)


def deviation_of(blocks: Blocks) -> NDArray[Any]:
    """Standard deviation over all rows, as `np.std(axis=0)` has it."""
    mean = mean_of(blocks)
    total, count = _sum(np.square(block - mean) for block in blocks())
    return np.asarray(np.sqrt(total / count), total.dtype)


def _sum(blocks: Iterable[NDArray[Any]]) -> tuple[NDArray[Any], int]:
    total: NDArray[Any] | None = None
    count = 0
    for block in blocks:
        count += len(block)
        total = (block if total is None else np.concatenate([total[None], block])).sum(axis=0)
    if total is None:
        raise ValueError("there are no rows")
    return total, count
