"""Sync one chunk: read swapped faces in the order of the timeline, write faces that speak."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.faces.table import CropsWriter, CropTable, read_crops
from mythmeter.lips.syncers import Supplied, SyncContext, Syncer, make_syncer
from mythmeter.lips.table import Drive, Timeline, read_drive, read_timeline
from mythmeter.media.encode import VideoWriter
from mythmeter.media.window import FrameWindow
from mythmeter.usage.record import UsageRecord

TABLE_WINDOW = 256


class SwappedFaces:
    """Rows of a swap in any order: picture, matrix, points; only a window of them in memory."""

    def __init__(self, video: Path, table: Path) -> None:
        self._table = table
        self.rows = pq.ParquetFile(table).metadata.num_rows
        first = read_crops(table, *_frame_range(table, 0, 1))
        self.rate, self.crop_px = first.rate, first.crop_px
        self._first_frame = int(first.frame[0])
        self._pictures = FrameWindow(video, self.rows)
        self._window: tuple[int, CropTable] | None = None

    def picture(self, row: int) -> NDArray[np.uint8]:
        """Crop (crop_px, crop_px, 3) of a row."""
        return self._pictures[row]

    def geometry(self, row: int) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """Matrix (2, 3) and points (468, 2) of a row, or None where there is no face."""
        start = row - row % TABLE_WINDOW
        if self._window is None or self._window[0] != start:
            self._window = (start, self._read(start))
        table = self._window[1]
        if not table.present[row - start]:
            return None
        return table.matrix[row - start], table.points[row - start]

    def _read(self, start: int) -> CropTable:
        first = self._first_frame + start
        return read_crops(self._table, first, first + TABLE_WINDOW)


def chunk_number(scatteritem: str) -> int:
    """Return the chunk, from 1, of a wildcard such as `1-of-2`."""
    return int(scatteritem.split("-of-")[0])


def supplied_weights(
    weights: Path, speech: Path, device: str, settings: Mapping[str, Any]
) -> Supplied:
    """Put together what a syncer with weights of the user's needs.

    Args:
        weights: of its network.
        speech: of the render.
        device: `cpu` or `cuda`.
        settings: `lips.wav2lip` without the name of the file, and its `licence`.
    """
    return Supplied(
        weights=weights,
        licence=settings["licence"],
        speech=speech,
        device=device,
        batch_frames=settings["batch_frames"],
        precision=settings["precision"],
        shift_s=Fraction(str(settings["shift_s"])),
    )


def sync_lips(
    *,
    drive: Path | None,
    timeline: Path,
    swap_video: Path,
    swap_table: Path,
    crop_videos: Sequence[Path],
    crop_tables: Sequence[Path],
    chunk: int,
    syncer: str,
    output_video: Path,
    output_table: Path,
    record: UsageRecord,
    supplied: Supplied | None = None,
) -> None:
    """Write the finished crops of one chunk (from 1) and their table.

    Output frames may show the swap forwards, backwards or in loops; frames without a face pass
    through.

    Args:
        drive: None where the syncer needs none.
        chunk: from 1.
        supplied: for a syncer with weights of the user's.

    Raises:
        ConfigError: no such syncer, or it lacks something.
        FaceError, MediaError: inputs that do not belong together.
        ModelError: the weights are not those of the syncer's network.
    """
    record.backend = syncer
    with record.phase("model_load"):
        rows = read_timeline(timeline, chunk)
        driven = None if drive is None else _read_drive(drive, rows)
        faces = SwappedFaces(swap_video, swap_table)
        context = SyncContext(rows.rate, rows.frame, driven, crop_videos, crop_tables, supplied)
        backend = make_syncer(syncer, context)
        if backend.precision is not None:
            record.precision, record.batch = backend.precision, backend.batch_frames
    size = (faces.crop_px, faces.crop_px)
    with (
        record.phase("steady", frames=len(rows)),
        VideoWriter(output_video, rate=rows.rate, size=size) as video,
        CropsWriter(output_table, rate=rows.rate, crop_px=faces.crop_px) as table,
    ):
        for frame, picture, matrix, points in _synced(rows, faces, backend):
            video.write(picture)
            table.write(frame, matrix, points)


Row = tuple[int, NDArray[np.uint8], NDArray[Any] | None, NDArray[Any] | None]
"""Output frame, crop, and its matrix and points where there is a face."""


def _synced(rows: Timeline, faces: SwappedFaces, backend: Syncer) -> Iterator[Row]:
    """Yield the finished rows of a chunk in order; as many as a batch has faces are held."""
    waiting: list[tuple[int, Row]] = []
    for row, (frame, swap_row) in enumerate(zip(rows.frame, rows.swap_frame, strict=True)):
        picture = faces.picture(int(swap_row))
        geometry = faces.geometry(int(swap_row)) or (None, None)
        waiting.append((row, (int(frame), picture, *geometry)))
        if len(waiting) == backend.batch_frames:
            yield from _batch(waiting, backend)
            waiting = []
    yield from _batch(waiting, backend)


def _batch(waiting: Sequence[tuple[int, Row]], backend: Syncer) -> Iterator[Row]:
    seen = [(row, crop, points) for row, (_, crop, _, points) in waiting if points is not None]
    spoken = iter(backend.sync(*zip(*seen, strict=True)) if seen else ())
    for _, (frame, picture, matrix, points) in waiting:
        if points is not None:
            picture, points = next(spoken)
        yield frame, picture, matrix, points


def _read_drive(path: Path, rows: Timeline) -> Drive:
    driven = read_drive(path, int(rows.frame[0]), int(rows.frame[-1]) + 1)
    _check_alike(rows, driven, path)
    return driven


def _check_alike(rows: Timeline, driven: Drive, path: Path) -> None:
    if not np.array_equal(rows.frame, driven.frame):
        raise FaceError(
            f"{path}: does not cover output frames {rows.frame[0]} to {rows.frame[-1]} of the "
            "timeline. Drive the lips again."
        )


def _frame_range(table: Path, start: int, stop: int) -> tuple[int, int]:
    """Frames of the given rows; rows are consecutive frames of the target."""
    first = pq.ParquetFile(table).read_row_group(0, columns=["frame"])["frame"][0].as_py()
    return int(first) + start, int(first) + stop
