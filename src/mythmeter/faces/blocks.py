"""A long table of crops some rows at a time, so that memory stays flat in the clip's length."""

from collections.abc import Iterator
from pathlib import Path

from mythmeter.faces.table import CropTable, read_crops

ROWS = 256
"""Rows that are in memory at a time: one row group of the file."""


def crop_blocks(path: Path, start: int = 0, stop: int | None = None) -> Iterator[CropTable]:
    """Yield rows whose frames are `start` to `stop` (excluded; None: to the end), in order.

    The frames of the table run on without gaps; at least one block, which may be empty.

    Raises:
        FaceError: the file lacks the column or metadata of a table of crops.
    """
    first = start
    while True:
        last = first + ROWS if stop is None else min(first + ROWS, stop)
        rows = read_crops(path, first, last)
        yield rows
        if len(rows) < ROWS or last == stop:
            return
        first = last
