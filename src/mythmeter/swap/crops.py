"""Aligned crops with their points, read one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.faces.blocks import crop_blocks
from mythmeter.media.decode import read_frames


@dataclass(frozen=True)
class Crop:
    """One aligned crop of a clip."""

    frame: int
    """Frame number in the clip."""
    picture: NDArray[np.uint8]
    """(crop_px, crop_px, 3) RGB."""
    points: NDArray[np.float32] | None
    """(468, 2) in crop pixels; None where the frame has no face."""
    matrix: NDArray[np.float32] | None
    """(2, 3), clip pixels to crop pixels; None where the frame has no face."""
    visible: NDArray[np.uint8] | None = None
    """(crop_px, crop_px): 255 where nothing covers the face; None where that was not asked for."""
    span: int = 0
    """Number of the unbroken stretch of this face."""


def points_of(crop: Crop) -> NDArray[np.float32]:
    """Points of a crop that has a face."""
    if crop.points is None:
        raise ValueError(f"frame {crop.frame} has no face: swappers take faces only")
    return crop.points


def stream_crops(
    video: Path,
    table: Path,
    start: int = 0,
    stop: int | None = None,
    masks: Path | None = None,
) -> Iterator[Crop]:
    """Yield the crops of frames `start` to `stop` (excluded; None: to the end).

    `masks` is the `masks.mkv` of the crops, where what covers the face matters.

    Raises:
        MediaError: the video is shorter than `stop`.
        FaceError: the table is not a table of crops, or shorter than the video.
    """
    pictures = read_frames(video, start, stop)
    visible = iter(()) if masks is None else read_frames(masks, start, stop, pixels="gray")
    for rows in crop_blocks(table, start, stop):
        for row, frame in enumerate(rows.frame):
            picture = next(pictures, None)
            if picture is None:
                return
            present = bool(rows.present[row])
            yield Crop(
                frame=int(frame),
                picture=picture,
                points=rows.points[row] if present else None,
                matrix=rows.matrix[row] if present else None,
                visible=next(visible, None),
                span=0 if rows.span is None else int(rows.span[row]),
            )
    if next(pictures, None) is not None:
        raise FaceError(f"{table}: has fewer rows than {video.name} has frames. Crop again.")


def frames_with_a_face(
    table: Path, start: int = 0, stop: int | None = None, least_visible: float = 0.0
) -> tuple[int, NDArray[np.int32]]:
    """Return the side of a clip's crops in pixels, and the numbers of frames that show a face.

    Frames in which less than `least_visible` (a share) of the face is seen are left out.
    """
    crop_px, frames = 0, []
    for rows in crop_blocks(table, start, stop):
        crop_px = rows.crop_px
        frames.append(rows.frame[rows.clear(least_visible)])
    return crop_px, np.concatenate(frames)
