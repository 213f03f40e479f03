"""Parquet files of one row a frame: written in groups of rows, read by ranges of frames.

Memory stays flat in the clip's length. What is absent is null in the file and NaN in arrays.
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import FaceError

Array = NDArray[np.float32]

ROW_GROUP = 256
"""Rows that are collected before they are written."""


class RowGroupWriter:
    """Collects rows and writes them in groups; the file appears only when it is complete.

    Points are copied into arrays that stay: thousands of small arrays that live for a row group
    would pin the heap between the frames decoded meanwhile, and memory would not stay flat.
    """

    def __init__(self, path: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
        self._schema = schema.with_metadata(dict(metadata))
        self._path = path
        self._rows: list[dict[str, Any]] = []
        self._lists = {
            field.name: np.zeros((ROW_GROUP, field.type.list_size), np.float32)
            for field in schema
            if pa.types.is_fixed_size_list(field.type)
        }

    def __enter__(self) -> Self:
        self._replacing = replacing(self._path)
        self._file = pq.ParquetWriter(
            self._replacing.__enter__(), self._schema, compression="zstd", use_dictionary=False
        )
        return self

    def append(self, row: dict[str, Any]) -> None:
        """Add a row by the names of its columns; None is null."""
        number = len(self._rows)
        for name, values in self._lists.items():
            given = row[name]
            values[number] = 0 if given is None else np.asarray(given, np.float32).reshape(-1)
            row[name] = given is not None
        self._rows.append(row)
        if len(self._rows) == ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        columns = [self._column(field) for field in self._schema]
        self._file.write_table(pa.table(columns, schema=self._schema))
        self._rows.clear()

    def _column(self, field: pa.Field) -> pa.Array:
        values = [row[field.name] for row in self._rows]
        if field.name not in self._lists:
            return pa.array(values, field.type)
        flat = pa.array(self._lists[field.name][: len(values)].reshape(-1))
        missing = pa.array([not given for given in values])
        return pa.FixedSizeListArray.from_arrays(flat, field.type.list_size, mask=missing)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._flush()
        self._file.close()
        self._replacing.__exit__(kind, error, trace)


def read_rows(
    path: Path, start: int, stop: int | None, schema: pa.Schema, keys: tuple[str, ...]
) -> tuple[pa.Table, dict[str, str]]:
    """Return the schema's columns of frames `start` to `stop` (None: to the end), and metadata.

    Raises:
        FaceError: the file lacks a column, or one of the metadata's `keys`.
    """
    file = pq.ParquetFile(path)
    stored = file.schema_arrow
    lacking = [name for name in schema.names if name not in stored.names]
    metadata = {k.decode(): v.decode() for k, v in (stored.metadata or {}).items()}
    lacking += [key for key in keys if key not in metadata]
    if lacking:
        raise FaceError(f"{path}: lacks {', '.join(lacking)}. Make the file again.")
    table = _row_groups(file, start, stop).select(schema.names)
    inside = pc.greater_equal(table["frame"], start)
    if stop is not None:
        inside = pc.and_(inside, pc.less(table["frame"], stop))
    return table.filter(inside).combine_chunks(), metadata


def _row_groups(file: pq.ParquetFile, start: int, stop: int | None) -> pa.Table:
    """Read only the row groups whose frames touch the range."""
    frame_column = file.schema_arrow.get_field_index("frame")
    wanted = []
    for number in range(file.num_row_groups):
        limits = file.metadata.row_group(number).column(frame_column).statistics
        if limits.max >= start and (stop is None or limits.min < stop):
            wanted.append(number)
    return file.read_row_groups(wanted)


def floats(column: pa.ChunkedArray) -> Array:
    """A column of numbers; NaN where null."""
    values: Array = column.to_numpy(zero_copy_only=False).astype(np.float32)
    return values


def lists(column: pa.ChunkedArray, shape: tuple[int, ...]) -> Array:
    """Fixed-width lists as (n, *shape); NaN where null."""
    result = np.full((len(column), *shape), np.nan, np.float32)
    row = 0
    for chunk in column.chunks:
        present = chunk.is_valid().to_numpy(zero_copy_only=False)
        values = chunk.flatten().to_numpy().reshape(-1, *shape)
        result[row : row + len(chunk)][present] = values
        row += len(chunk)
    return result
