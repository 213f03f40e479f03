"""The Parquet files of faces and crops: one row a frame, metadata in the schema.

Writers append rows in groups, so memory stays flat in the clip's length; readers may ask for a
range of frames. Columns: see `docs/files.md`. Absent faces are null in the file and NaN in arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import FaceError
from mythmeter.faces.mesh import OVAL, POINTS

Array = NDArray[np.float32]

LEAST_VISIBLE: Final = 0.97
"""Frames in which a hand covers more than the rest of the face are not learnt from."""

_MEASURES: Final = ("yaw_deg", "pitch_deg", "roll_deg", "eye_left", "eye_right", "mouth_open")

_FACES: Final = pa.schema(
    [
        ("frame", pa.int32()),
        ("present", pa.bool_()),
        ("reason", pa.string()),
        ("score", pa.float32()),
        ("points", pa.list_(pa.float32(), POINTS * 3)),
        ("points_raw", pa.list_(pa.float32(), POINTS * 3)),
        *((name, pa.float32()) for name in _MEASURES),
        ("box", pa.list_(pa.float32(), 4)),
        ("irises", pa.list_(pa.float32(), 20)),
        ("points_68", pa.list_(pa.float32(), 136)),
        ("span", pa.int32()),
        ("swappable", pa.bool_()),
        ("unswappable_reason", pa.string()),
        ("opacity", pa.float32()),
        ("visibility", pa.float32()),
        ("sharpness", pa.float32()),
        ("identity_distance", pa.float32()),
        ("identity_frame", pa.int32()),
        ("hands", pa.list_(pa.float32())),
    ]
)
_CROPS: Final = pa.schema(
    [
        ("frame", pa.int32()),
        ("present", pa.bool_()),
        ("matrix", pa.list_(pa.float32(), 6)),
        ("points", pa.list_(pa.float32(), POINTS * 2)),
        ("visibility", pa.float32()),
        ("span", pa.int32()),
    ]
)


@dataclass(frozen=True)
class FaceTrack:
    """The tracked face of a clip, or of a range of its frames; arrays have one entry a frame."""

    rate: Fraction
    """Frames a second."""
    width: int
    height: int
    """Pixels of `clip.mp4`."""
    frame: NDArray[np.int32]
    """Frame numbers, ascending without gaps."""
    present: NDArray[np.bool_]
    reason: tuple[str | None, ...]
    """Why there is no face; None where there is one."""
    score: Array
    points: Array
    """(n, 468, 3) x, y, z in clip pixels, smoothed; NaN where absent."""
    points_raw: Array
    """The same, unsmoothed."""
    yaw_deg: Array
    pitch_deg: Array
    roll_deg: Array
    eye_left: Array
    eye_right: Array
    """Openness: lid distance over eye width."""
    mouth_open: Array
    """Inner-lip distance over inter-ocular distance."""
    box: Array
    """(n, 4) left, top, right, bottom of the face's outline, in clip pixels."""
    irises: Array
    """(n, 10, 2) the subject's right iris, then the left; NaN where the backend gives none."""
    span: NDArray[np.int32]
    """Number of the unbroken stretch of the target's face; -1 where absent."""
    swappable: NDArray[np.bool_]
    """False where the face is absent, or too turned or blurred to be replaced."""
    opacity: Array
    """How much of the swap is to be seen: 0 where not swappable, rising beside such frames."""
    visibility: Array
    """Share of the face that no hand covers."""
    identity_distance: Array
    """To the reference, by the nearest frame in which it was measured; NaN where it never was."""
    hands: tuple[tuple[NDArray[np.float32], ...], ...]
    """(21, 2) points of each hand near the face, in clip pixels."""

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class CropTable:
    """Aligned crops, one entry a frame: crops of a clip, swapped faces or synced lips."""

    rate: Fraction
    """Frames a second."""
    crop_px: int
    frame: NDArray[np.int32]
    present: NDArray[np.bool_]
    matrix: NDArray[np.float32]
    """(n, 2, 3) clip pixels to crop pixels; NaN where absent."""
    points: Array
    """(n, 468, 2) in crop pixels; NaN where absent."""
    visibility: Array | None = None
    """Share of the face that nothing covers; None: all of it."""
    span: NDArray[np.int32] | None = None
    """Number of the unbroken stretch, -1 where absent; None: there is one."""

    def __len__(self) -> int:
        return len(self.frame)

    def clear(self, least_visible: float = LEAST_VISIBLE) -> NDArray[np.bool_]:
        """Which frames show the face, at least so much of it uncovered."""
        if self.visibility is None:
            return self.present
        return self.present & (np.nan_to_num(self.visibility) >= least_visible)


def read_faces(path: Path, start: int = 0, stop: int | None = None) -> FaceTrack:
    """Read `faces.parquet`, frames `start` to `stop` (excluded; None: to the end).

    Raises:
        FaceError: the file lacks the column or metadata of a face track.
    """
    table, metadata = _read(path, start, stop, _FACES, ("rate", "width", "height"))
    floats = ("score", *_MEASURES, "opacity", "visibility", "identity_distance")
    column = {name: _floats(table[name]) for name in floats}
    return FaceTrack(
        rate=Fraction(metadata["rate"]),
        width=int(metadata["width"]),
        height=int(metadata["height"]),
        frame=table["frame"].to_numpy(),
        present=table["present"].to_numpy(),
        reason=tuple(table["reason"].to_pylist()),
        points=_lists(table["points"], (POINTS, 3)),
        points_raw=_lists(table["points_raw"], (POINTS, 3)),
        box=_lists(table["box"], (4,)),
        irises=_lists(table["irises"], (10, 2)),
        span=pc.fill_null(table["span"], -1).to_numpy(),
        swappable=table["swappable"].to_numpy(),
        hands=tuple(_hands(row) for row in table["hands"].to_pylist()),
        **column,
    )


def read_crops(path: Path, start: int = 0, stop: int | None = None) -> CropTable:
    """Read a table of crops, rows whose `frame` lies in `start` to `stop` (excluded).

    Raises:
        FaceError: the file lacks the column or metadata of a table of crops.
    """
    table, metadata = _read(path, start, stop, _CROPS, ("rate", "crop_px"))
    return CropTable(
        rate=Fraction(metadata["rate"]),
        crop_px=int(metadata["crop_px"]),
        frame=table["frame"].to_numpy(),
        present=table["present"].to_numpy(),
        matrix=_lists(table["matrix"], (2, 3)),
        points=_lists(table["points"], (POINTS, 2)),
        visibility=_floats(table["visibility"]),
        span=pc.fill_null(table["span"], -1).to_numpy(),
    )


def write_crops(path: Path, crops: CropTable) -> None:
    """Write a whole table of crops; for long ones use `CropsWriter`."""
    with CropsWriter(path, rate=crops.rate, crop_px=crops.crop_px) as writer:
        for row, frame in enumerate(crops.frame):
            present = bool(crops.present[row])
            writer.write(
                int(frame),
                crops.matrix[row] if present else None,
                crops.points[row] if present else None,
                1.0 if crops.visibility is None else float(crops.visibility[row]),
                0 if crops.span is None else int(crops.span[row]),
            )


ROW_GROUP = 256
"""Rows that are collected before they are written."""


_CROP_STATE: Final = ("visibility", "span")


class _RowGroupWriter:
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

    def _append(self, row: dict[str, Any]) -> None:
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


class FacesWriter(_RowGroupWriter):
    """Write `faces.parquet` frame by frame."""

    def __init__(self, path: Path, *, rate: Fraction, width: int, height: int, frames: int) -> None:
        metadata = {
            "rate": f"{rate.numerator}/{rate.denominator}",
            "width": str(width),
            "height": str(height),
            "frames": str(frames),
        }
        super().__init__(path, _FACES, metadata)

    def write(
        self,
        frame: int,
        *,
        reason: str | None = None,
        score: float | None = None,
        points: NDArray[Any] | None = None,
        points_raw: NDArray[Any] | None = None,
        measures: Mapping[str, float] | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """Append a frame: with points (468, 3) and measures, or with the reason for having none.

        `state` gives further columns by name; without it the face counts as seen whole, swappable
        and the target's.
        """
        row = {
            "frame": frame,
            "present": points is not None,
            "reason": reason,
            "score": score,
            "points": points,
            "points_raw": points_raw,
        }
        row.update({name: None if measures is None else measures[name] for name in _MEASURES})
        row.update(self._usual(points) | dict(state or {}))
        self._append(row)

    @staticmethod
    def _usual(points: NDArray[Any] | None) -> dict[str, Any]:
        """Further columns of a frame of which nothing more is known."""
        present = points is not None
        outline = None if points is None else np.asarray(points)[list(OVAL), :2]
        return {
            "box": None if outline is None else [*outline.min(axis=0), *outline.max(axis=0)],
            "irises": None,
            "points_68": None,
            "span": 0 if present else None,
            "swappable": present,
            "unswappable_reason": None,
            "opacity": 1.0 if present else 0.0,
            "visibility": 1.0 if present else None,
            "sharpness": None,
            "identity_distance": None,
            "identity_frame": None,
            "hands": None,
        }


class CropsWriter(_RowGroupWriter):
    """Write a table of crops frame by frame."""

    def __init__(self, path: Path, *, rate: Fraction, crop_px: int) -> None:
        metadata = {"rate": f"{rate.numerator}/{rate.denominator}", "crop_px": str(crop_px)}
        super().__init__(path, _CROPS, metadata)

    def write(
        self,
        frame: int,
        matrix: NDArray[Any] | None,
        points: NDArray[Any] | None,
        visibility: float = 1.0,
        span: int = 0,
    ) -> None:
        """Append a frame: its (2, 3) matrix and (468, 2) crop points, or None and None.

        `visibility` is the share of the face that nothing covers, `span` the number of the
        unbroken stretch that the frame belongs to.
        """
        present = matrix is not None and points is not None
        row: dict[str, Any] = {"frame": frame, "present": present}
        row |= {"matrix": matrix, "points": points}
        row |= {"visibility": visibility, "span": span} if present else dict.fromkeys(_CROP_STATE)
        self._append(row)


def _read(
    path: Path, start: int, stop: int | None, schema: pa.Schema, keys: tuple[str, ...]
) -> tuple[pa.Table, dict[str, str]]:
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


def _floats(column: pa.ChunkedArray) -> Array:
    values: Array = column.to_numpy(zero_copy_only=False).astype(np.float32)
    return values


def _hands(values: list[float] | None) -> tuple[NDArray[np.float32], ...]:
    return tuple(np.asarray(values or [], np.float32).reshape(-1, 21, 2))


def _lists(column: pa.ChunkedArray, shape: tuple[int, ...]) -> Array:
    """Fixed-width lists as (n, *shape); NaN where null."""
    result = np.full((len(column), *shape), np.nan, np.float32)
    row = 0
    for chunk in column.chunks:
        present = chunk.is_valid().to_numpy(zero_copy_only=False)
        values = chunk.flatten().to_numpy().reshape(-1, *shape)
        result[row : row + len(chunk)][present] = values
        row += len(chunk)
    return result
