"""The Parquet files that the lips stage reads and writes: timeline and drive."""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError
from mythmeter.faces.mesh import MOUTH, POINTS


@dataclass(frozen=True)
class Timeline:
    """Which frame of the target each output frame shows; arrays have one entry an output frame."""

    rate: Fraction
    frame: NDArray[np.int32]
    swap_frame: NDArray[np.int32]
    chunk: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class Drive:
    """Mouth shape and texture unit of each output frame.

    Attributes:
        rate: output frames a second.
        clips: the person's face clips, which `unit_clip` counts.
        rest: (468, 2) the person's whole face with the mouth at rest, canonical coordinates.
        frame: (n,) output frame.
        shape: (n, p, 2) points `mesh.MOUTH` in canonical coordinates.
        unit_clip, unit_frame: (n,) where the mouth's texture is taken from.
        closed, resting, rounded: (n,) what the words demanded, 0..1.
    """

    rate: Fraction
    clips: tuple[str, ...]
    rest: NDArray[np.float32]
    frame: NDArray[np.int32]
    shape: NDArray[np.float32]
    unit_clip: NDArray[np.int16]
    unit_frame: NDArray[np.int32]
    closed: NDArray[np.float32]
    resting: NDArray[np.float32]
    rounded: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.frame)


_DRIVE = pa.schema(
    [
        ("frame", pa.int32()),
        ("shape", pa.list_(pa.float32(), len(MOUTH) * 2)),
        ("unit_clip", pa.int16()),
        ("unit_frame", pa.int32()),
        ("closed", pa.float32()),
        ("resting", pa.float32()),
        ("rounded", pa.float32()),
    ]
)
_BESIDE_SHAPES = ("frame", "unit_clip", "unit_frame", "closed", "resting", "rounded")
PIECE_ROWS = 4096


def read_timeline(path: Path, chunk: int | None = None) -> Timeline:
    """Read `timeline.parquet`, all of it or the rows of one chunk (from 1).

    Raises:
        MediaError: not a timeline, or no row of that chunk.
    """
    table, metadata = _read(path, ("frame", "swap_frame", "chunk"), ("rate",))
    chunks = table["chunk"].to_numpy()
    rows = slice(None) if chunk is None else np.flatnonzero(chunks == chunk)
    timeline = Timeline(
        rate=Fraction(metadata["rate"]),
        frame=table["frame"].to_numpy()[rows],
        swap_frame=table["swap_frame"].to_numpy()[rows],
        chunk=chunks[rows],
    )
    if not len(timeline):
        raise MediaError(f"{path}: holds no frame of chunk {chunk}. Plan the render again.")
    return timeline


def write_drive(path: Path, drive: Drive) -> None:
    """Write `drive.parquet`."""
    write_drives(path, [drive], len(drive))


def write_drives(path: Path, drives: Iterable[Drive], frames: int) -> None:
    """Write `drive.parquet` from drives of consecutive output frames, `frames` in all."""
    with ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for drive in drives:
            if writer is None:
                schema = _DRIVE.with_metadata(_metadata(drive, frames))
                partial = stack.enter_context(replacing(path))
                # Dictionaries of floats would keep megabytes for nothing.
                opened = pq.ParquetWriter(partial, schema, use_dictionary=False)
                writer = stack.enter_context(opened)
            writer.write_table(_table(drive, schema))


def _metadata(drive: Drive, frames: int) -> dict[str, str]:
    return {
        "rate": f"{drive.rate.numerator}/{drive.rate.denominator}",
        "frames": str(frames),
        "clips": json.dumps(drive.clips),
        "points": json.dumps(MOUTH),
        "rest": json.dumps([round(float(value), 6) for value in drive.rest.ravel()]),
    }


def _table(drive: Drive, schema: pa.Schema) -> pa.Table:
    shapes = pa.array(np.ascontiguousarray(drive.shape, np.float32).ravel())
    columns = [
        pa.array(drive.frame, pa.int32()),
        pa.FixedSizeListArray.from_arrays(shapes, len(MOUTH) * 2),
        pa.array(drive.unit_clip, pa.int16()),
        pa.array(drive.unit_frame, pa.int32()),
        pa.array(drive.closed, pa.float32()),
        pa.array(drive.resting, pa.float32()),
        pa.array(drive.rounded, pa.float32()),
    ]
    return pa.table(columns, schema=schema)


def read_drive(path: Path, start: int = 0, stop: int | None = None) -> Drive:
    """Read `drive.parquet`, output frames `start` to `stop` (excluded; None: to the end).

    Raises:
        MediaError: not a drive, or one of another mesh.
    """
    keys = ("rate", "clips", "points", "rest")
    table, metadata = _read(path, _BESIDE_SHAPES, keys, piecewise=("shape",))
    if tuple(json.loads(metadata["points"])) != MOUTH:
        raise MediaError(f"{path}: its points are not those of this version. Drive the lips again.")
    frames = table["frame"].to_numpy()
    wanted = frames >= start if stop is None else (frames >= start) & (frames < stop)
    shapes = _read_shapes(path, wanted)
    table = table.filter(pa.array(wanted))
    return Drive(
        rate=Fraction(metadata["rate"]),
        clips=tuple(json.loads(metadata["clips"])),
        rest=np.array(json.loads(metadata["rest"]), np.float32).reshape(POINTS, 2),
        shape=shapes.reshape(-1, len(MOUTH), 2),
        **{name: table[name].to_numpy() for name in _BESIDE_SHAPES},
    )


def _read_shapes(path: Path, wanted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The shapes of the wanted rows, (n, 2 p): 68 MB for an hour, read piece by piece."""
    shapes = np.empty((int(wanted.sum()), 2 * len(MOUTH)), np.float32)
    read = kept = 0
    for batch in pq.ParquetFile(path, pre_buffer=False).iter_batches(PIECE_ROWS, columns=["shape"]):
        values = batch.column(0).flatten().to_numpy().reshape(len(batch), -1)
        values = values[wanted[read : read + len(batch)]]
        shapes[kept : kept + len(values)] = values
        read, kept = read + len(batch), kept + len(values)
    return shapes


def _read(
    path: Path,
    columns: tuple[str, ...],
    keys: tuple[str, ...],
    piecewise: tuple[str, ...] = (),
) -> tuple[Any, dict[str, str]]:
    """Read columns and metadata; columns that are read piece by piece must be there too."""
    stored = pq.read_schema(path)
    metadata = {k.decode(): v.decode() for k, v in (stored.metadata or {}).items()}
    lacking = [name for name in (*columns, *piecewise) if name not in stored.names]
    lacking += [key for key in keys if key not in metadata]
    if lacking:
        raise MediaError(f"{path}: lacks {', '.join(lacking)}. Make the file again.")
    return pq.read_table(path, columns=list(columns)), metadata
