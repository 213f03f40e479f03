"""Rule crop_faces: the face of every frame, upright, centred and of one size."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import FaceError, MediaError
from mythmeter.faces.align import Matrix, crop_matrix, cut, transform
from mythmeter.faces.landmarks.ibug import crop_matrix_68
from mythmeter.faces.occlusion import visible_mask, visible_share
from mythmeter.faces.parsing import FaceParser
from mythmeter.faces.points import read_points
from mythmeter.faces.table import CropsWriter, read_faces
from mythmeter.media.decode import Frame, count_frames, frame_rate, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.usage.record import UsageRecord

BLOCK_FRAMES = 256
"""Rows of the face table that are held at once."""
SHEET_CROPS = 24
SHEET_COLUMNS = 6
SHEET_CROP_PX = 160
AGREES = 0.1
"""Up to this disagreement, in distances of the outer eyes, two trackers see the same face."""


@dataclass(frozen=True)
class Alignment:
    """Where the face of one frame is."""

    frame: int
    matrix: Matrix | None
    """(2, 3) clip pixels to crop pixels; None where there is no face."""
    points: NDArray[np.float64] | None
    """(468, 2) in crop pixels."""
    hands: tuple[NDArray[np.float32], ...] = ()
    """(21, 2) of each hand near the face, in clip pixels."""
    span: int = -1
    """Number of the unbroken stretch of this face."""
    swappable: bool = True
    """False where the face is too turned or blurred to be replaced."""


def crop_faces(
    clip: Path,
    faces: Path,
    *,
    video: Path,
    masks: Path,
    table: Path,
    sheet: Path,
    crop_px: int,
    record: UsageRecord,
    points: Path | None = None,
    parsing: Path | None = None,
) -> None:
    """Write the aligned crops of a clip, what covers them, their transforms, and a contact sheet.

    Args:
        clip: the normalised clip.
        faces: its `faces.parquet`.
        video: `crops.mkv`, FFV1, one crop a frame, black where there is no face.
        masks: `masks.mkv`, grey FFV1: 255 where the face may be replaced, 0 under a hand.
        table: `crops.parquet`; columns in `docs/files.md`. Faces that are not swappable are absent.
        sheet: `crops.jpg`, crops at even distances with their frame numbers.
        crop_px: side of a crop.
        record: usage record of the job.
        points: `points_68.parquet`, which then aligns the frames where it agrees with the mesh.
        parsing: a face-parsing model; None: only hands are masked.

    Raises:
        ModelError: `parsing` is not such a model.
        FaceError: the faces or the points are not those of this clip.
    """
    rate, frames = frame_rate(clip), count_frames(clip)
    shown = {round(i) for i in np.linspace(0, frames - 1, min(SHEET_CROPS, frames))}
    tiles: list[NDArray[np.uint8]] = []
    parser = None if parsing is None else FaceParser(parsing)
    with (
        record.phase("steady", frames=frames),
        VideoWriter(video, rate=rate, size=(crop_px, crop_px)) as pictures,
        VideoWriter(masks, rate=rate, size=(crop_px, crop_px), grey=True) as visible,
        CropsWriter(table, rate=rate, crop_px=crop_px) as rows,
    ):
        for frame, alignment in _aligned(clip, alignments(faces, frames, crop_px, points), frames):
            crop = _crop(frame, alignment, crop_px)
            pictures.write(crop)
            mask = _visible(crop, alignment, parser)
            visible.write(mask)
            _write_row(rows, alignment, mask)
            if alignment.frame in shown:
                tiles.append(_tile(crop, mask, alignment, rate))
        write_sheet(sheet, tiles, SHEET_CROP_PX, SHEET_COLUMNS)


def alignments(
    faces: Path, frames: int, crop_px: int, points: Path | None = None
) -> Iterator[Alignment]:
    """Yield the alignment of each frame of a face table, a block at a time.

    Where 68 points lie on the same face as the mesh, they align it; where they do not, one of the
    two trackers is wrong, and the mesh, which every later stage draws with, is kept.
    """
    for start in range(0, frames, BLOCK_FRAMES):
        block = read_faces(faces, start, min(start + BLOCK_FRAMES, frames))
        if len(block) != min(BLOCK_FRAMES, frames - start):
            raise FaceError(
                f"{faces}: ends at frame {start + len(block)}, but its clip has {frames}. "
                "Track the faces of this clip again."
            )
        located = None if points is None else read_points(points, start, start + len(block))
        if located is not None and len(located) != len(block):
            raise FaceError(f"{points}: has fewer frames than {faces}. Locate the points again.")
        for row, number in enumerate(block.frame):
            if block.present[row]:
                matrix = crop_matrix(block.points[row], crop_px)
                if located is not None and located.disagreement[row] <= AGREES:
                    matrix = crop_matrix_68(located.points[row], crop_px)
                yield Alignment(
                    frame=int(number),
                    matrix=matrix,
                    points=transform(block.points[row], matrix),
                    hands=block.hands[row],
                    span=int(block.span[row]),
                    swappable=bool(block.swappable[row]),
                )
            else:
                yield Alignment(int(number), None, None)


def _aligned(
    clip: Path, found: Iterator[Alignment], frames: int
) -> Iterator[tuple[Frame, Alignment]]:
    pictures = read_frames(clip, stop=frames)
    for alignment in found:
        yield next(pictures), alignment


def _crop(frame: Frame, alignment: Alignment, crop_px: int) -> NDArray[np.uint8]:
    if alignment.matrix is None:
        return np.zeros((crop_px, crop_px, 3), np.uint8)
    return cut(frame, alignment.matrix, crop_px)


def _visible(
    crop: NDArray[np.uint8], alignment: Alignment, parser: FaceParser | None
) -> NDArray[np.uint8]:
    """What of the crop is face, (crop_px, crop_px): 255 visible, 0 covered."""
    if alignment.matrix is None:
        return np.zeros(crop.shape[:2], np.uint8)
    mask = visible_mask(alignment.hands, alignment.matrix, len(crop))
    return mask if parser is None else np.minimum(mask, parser.visible(crop))


def _write_row(rows: CropsWriter, alignment: Alignment, mask: NDArray[np.uint8]) -> None:
    if alignment.matrix is None or alignment.points is None or not alignment.swappable:
        rows.write(alignment.frame, None, None)
        return
    share = visible_share(mask, alignment.points)
    rows.write(alignment.frame, alignment.matrix, alignment.points, share, alignment.span)


def _tile(
    crop: NDArray[np.uint8], mask: NDArray[np.uint8], alignment: Alignment, rate: Fraction
) -> NDArray[np.uint8]:
    """One picture of the sheet: the crop, what covers it in red, frame number and time."""
    if alignment.matrix is not None:
        covered = (255 - mask[..., None].astype(np.float32)) / 255 * 0.6
        crop = (crop + (np.array([230, 30, 30], np.float32) - crop) * covered).astype(np.uint8)
    tile = cv2.resize(crop, (SHEET_CROP_PX, SHEET_CROP_PX), interpolation=cv2.INTER_AREA)
    text = f"{alignment.frame}  {float(alignment.frame / rate):.2f} s"
    if alignment.matrix is None:
        text += "  no face"
    elif not alignment.swappable:
        text += "  not swapped"
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        place = (6, SHEET_CROP_PX - 8)
        cv2.putText(
            tile, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, thickness, cv2.LINE_AA
        )
    return np.asarray(tile, np.uint8)


def write_sheet(path: Path, tiles: list[NDArray[np.uint8]], side: int, columns: int) -> None:
    """Write square tiles as one JPEG, row by row; without tiles, one white tile."""
    tiles = tiles or [np.full((side, side, 3), 255, np.uint8)]
    columns = min(columns, len(tiles))
    lines = -(-len(tiles) // columns)
    sheet = np.full((lines * side, columns * side, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // columns * side, number % columns * side
        sheet[top : top + side, left : left + side] = tile
    with replacing(path) as partial:
        options = [cv2.IMWRITE_JPEG_QUALITY, 90]
        if not cv2.imwrite(str(partial), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), options):
            raise MediaError(f"{path}: the contact sheet could not be written.")
