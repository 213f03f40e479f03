"""Rule locate_points: 68 landmarks by a network of their own, in the boxes of the tracked face."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import FaceError
from mythmeter.faces.crop import AGREES, write_sheet
from mythmeter.faces.landmarks.fan import Box, Fan, Located, box_of_mesh, placement
from mythmeter.faces.landmarks.ibug import disagreement, of_mesh
from mythmeter.faces.points import PointsWriter
from mythmeter.faces.table import read_faces
from mythmeter.media.decode import count_frames, frame_rate, read_frames
from mythmeter.usage.record import UsageRecord

BLOCK_FRAMES: Final = 256
SHEET_FACES: Final = 12
SHEET_PX: Final = 320
MESH_COLOUR: Final = (255, 170, 0)
FAN_COLOUR: Final = (0, 220, 255)


@dataclass(frozen=True)
class Settings:
    """Of the backend `fan`, from `faces.fan` of the configuration."""

    flip_input: bool
    whole_pixels: bool
    batch_frames: int


def locate_points(
    clip: Path,
    faces: Path,
    *,
    weights: Path,
    settings: Settings,
    device: str,
    licence: str,
    table: Path,
    sheet: Path,
    summary: Path,
    record: UsageRecord,
) -> None:
    """Write the 68 landmarks of a clip, a picture of both sets of points, and how far they agree.

    Args:
        clip: the normalised clip.
        faces: its `faces.parquet`; frames without a face there have none here.
        weights: of the network.
        settings: how it looks.
        device: `cpu` or `cuda`.
        licence: of the weights, for the report.
        table: `points_68.parquet`; columns in `docs/files.md`.
        sheet: `points_68.jpg`, faces with the mesh's points and the network's.
        summary: `points_68.json`.
        record: usage record of the job.

    Raises:
        ModelError: the weights are not those of this network.
        FaceError: the faces are not those of this clip.
    """
    record.backend = "fan"
    with record.phase("model_load"):
        fan = Fan(
            weights,
            device=device,
            flip_input=settings.flip_input,
            whole_pixels=settings.whole_pixels,
            batch=settings.batch_frames,
        )
    frames = count_frames(clip)
    stream = _FaceStream(clip, faces, frames)
    apart: list[float] = []
    with (
        record.phase("steady", frames=frames) as work,
        PointsWriter(table, rate=frame_rate(clip)) as rows,
    ):
        for number, mesh, located in stream.rows(fan):
            if mesh is None or located is None:
                rows.write(number)
                continue
            apart.append(disagreement(located.points, mesh))
            rows.write(number, located.points, float(located.scores.mean()), apart[-1])
        work["faces"] = len(apart)
        write_sheet(sheet, stream.pictures, SHEET_PX, columns=4)
    facts = _summary(apart, frames, settings, licence)
    with replacing(summary) as partial:
        partial.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    print(f"{clip}: {facts['agreeing']} of {len(apart)} faces lie where the mesh has them")


class _FaceStream:
    """The frames of a clip with the box of each face; keeps a few pictures for the sheet."""

    def __init__(self, clip: Path, faces: Path, frames: int) -> None:
        self._clip, self._faces, self._frames = clip, faces, frames
        self._waiting: deque[tuple[int, NDArray[Any] | None]] = deque()
        self._shown = {round(i) for i in np.linspace(0, frames - 1, min(SHEET_FACES, frames))}
        self._kept: dict[int, NDArray[np.uint8]] = {}
        self.pictures: list[NDArray[np.uint8]] = []

    def rows(self, fan: Fan) -> Iterator[tuple[int, NDArray[Any] | None, Located | None]]:
        """Yield each frame's number, mesh and points, in order."""
        for located in fan.locate(self._boxes()):
            yield from self._absent()
            number, mesh = self._waiting.popleft()
            if number in self._kept and mesh is not None:
                self.pictures.append(_picture(self._kept.pop(number), number, mesh, located))
            yield number, mesh, located
        yield from self._absent()

    def _absent(self) -> Iterator[tuple[int, None, None]]:
        while self._waiting and self._waiting[0][1] is None:
            yield self._waiting.popleft()[0], None, None

    def _boxes(self) -> Iterator[tuple[NDArray[np.uint8], Box]]:
        pictures = read_frames(self._clip, stop=self._frames)
        for start in range(0, self._frames, BLOCK_FRAMES):
            block = read_faces(self._faces, start, min(start + BLOCK_FRAMES, self._frames))
            if len(block) != min(BLOCK_FRAMES, self._frames - start):
                raise FaceError(
                    f"{self._faces}: ends at frame {start + len(block)}, but its clip has "
                    f"{self._frames}. Track the faces of this clip again."
                )
            for row, number in enumerate(block.frame):
                frame = next(pictures)
                if not block.present[row]:
                    self._waiting.append((int(number), None))
                    continue
                mesh = block.points_raw[row]
                self._waiting.append((int(number), mesh))
                if int(number) in self._shown:
                    self._kept[int(number)] = frame
                yield frame, box_of_mesh(mesh)


def _picture(
    frame: NDArray[np.uint8], number: int, mesh: NDArray[Any], located: Located
) -> NDArray[np.uint8]:
    """The face with both sets of points: rings are the mesh's, dots the network's."""
    centre, scale = placement(box_of_mesh(mesh))
    zoom = SHEET_PX / (scale * 150)
    matrix = np.column_stack([np.eye(2) * zoom, SHEET_PX / 2 - centre * zoom])
    matrix[1, 2] -= SHEET_PX * 0.08
    picture = cv2.warpAffine(frame, matrix, (SHEET_PX, SHEET_PX), flags=cv2.INTER_LINEAR)
    for points, colour, thickness in (
        (of_mesh(mesh), MESH_COLOUR, 1),
        (located.points, FAN_COLOUR, -1),
    ):
        for x, y in points @ matrix[:, :2].T + matrix[:, 2]:
            # Garbage may lie far outside what a picture can address.
            place = int(np.clip(x, -999, 9999)), int(np.clip(y, -999, 9999))
            cv2.circle(picture, place, 3 if thickness > 0 else 2, colour, thickness, cv2.LINE_AA)
    text = f"{number}  {disagreement(located.points, mesh):.1%} apart"
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        place = (6, SHEET_PX - 8)
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness)
    return np.asarray(picture, np.uint8)


def _summary(apart: list[float], frames: int, settings: Settings, licence: str) -> dict[str, Any]:
    return {
        "backend": "fan",
        "frames": frames,
        "faces": len(apart),
        "agreeing": sum(value <= AGREES for value in apart),
        "agrees_up_to": AGREES,
        "median_disagreement": float(np.median(apart)) if apart else None,
        "flip_input": settings.flip_input,
        "whole_pixels": settings.whole_pixels,
        "licence": licence,
    }
