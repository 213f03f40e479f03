"""Syncer `rewrite`: the mouth from the person's own footage, after Video Rewrite.

Bregler, Covell and Slaney 1997, SIGGRAPH: the mouth region of chosen frames of the person is bent
to the wanted shape and laid over the face. Here shape and frames come from `drive`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyarrow.parquet import ParquetFile

from mythmeter.errors import ConfigError, FaceError
from mythmeter.faces.blocks import crop_blocks
from mythmeter.lips.blend import bend, hold_at_border, lay_texture
from mythmeter.lips.placement import Placement
from mythmeter.lips.syncers.protocol import Spoken, SyncContext
from mythmeter.media.decode import Frame
from mythmeter.media.window import FrameWindow


class RewriteSyncer:
    """Bends the swapped face to the wanted mouth and lays the unit's texture over it."""

    batch_frames = 1
    precision: str | None = None

    def __init__(self, context: SyncContext) -> None:
        if context.drive is None:
            raise ConfigError("lips.syncer: rewrite needs the drive of the lips.")
        self._drive = context.drive
        self._placement = Placement(self._drive.rest)
        self._pictures: dict[int, FrameWindow] = {}
        self._points: dict[tuple[int, int], NDArray[np.float32]] = {}
        for clip in np.unique(self._drive.unit_clip):
            self._load(int(clip), context)

    def _load(self, clip: int, context: SyncContext) -> None:
        path = context.crop_tables[clip]
        here = self._drive.unit_clip == clip
        wanted = {int(frame) for frame in np.unique(self._drive.unit_frame[here])}
        self._pictures[clip] = FrameWindow(
            context.crop_videos[clip], ParquetFile(path).metadata.num_rows, wanted=wanted
        )
        for table in crop_blocks(path, min(wanted), max(wanted) + 1):
            for row, frame in enumerate(table.frame.tolist()):
                if frame in wanted and table.present[row]:
                    self._points[clip, frame] = table.points[row].copy()
        for frame in sorted(wanted):
            if (clip, frame) not in self._points:
                raise FaceError(
                    f"{path}: frame {frame}, which the drive asks for, shows no face. "
                    "Drive the lips again."
                )

    def sync(
        self, rows: Sequence[int], crops: Sequence[Frame], points: Sequence[NDArray[Any]]
    ) -> list[Spoken]:
        """Return the crops with their new mouths, and their points."""
        return [self._sync(*face) for face in zip(rows, crops, points, strict=True)]

    def _sync(self, row: int, crop: Frame, points: NDArray[Any]) -> Spoken:
        placed = self._placement.place(self._drive.shape[row], points)
        moved = hold_at_border(points, placed, crop.shape[0])
        bent = bend(crop, points, moved)
        unit = int(self._drive.unit_clip[row]), int(self._drive.unit_frame[row])
        texture = self._pictures[unit[0]][unit[1]]
        return lay_texture(bent, moved, texture, self._points[unit]), moved
