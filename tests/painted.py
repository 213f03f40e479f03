"""A clip tracked and cropped for real, with a swap that paints faces green: what did it touch?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.crop import crop_faces
from mythmeter.faces.reference import FaceReference
from mythmeter.faces.table import CropsWriter, FaceTrack, read_crops, read_faces
from mythmeter.faces.track import assets, track_faces
from mythmeter.media.decode import frame_rate, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.render.composite import composed
from mythmeter.render.timeline import Timeline
from mythmeter.usage.record import UsageRecord

Picture = NDArray[np.uint8]
GREEN = (20, 220, 60)
CROP_PX = 128


@dataclass(frozen=True)
class Painted:
    """One clip's track and its render with a green face."""

    track: FaceTrack
    footage: list[Picture]
    render: list[Picture]

    def changed(self, frame: int) -> NDArray[np.bool_]:
        """(height, width): pixels of a frame that the swap changed."""
        return (self.render[frame] != self.footage[frame]).any(axis=2)


def write_clip(path: Path, frames: list[Picture], rate: Fraction) -> Path:
    """Write a clip as `normalise_clip` leaves them."""
    options = {"crf": "12", "preset": "veryfast"}
    with VideoWriter(
        path,
        rate=rate,
        size=(frames[0].shape[1], frames[0].shape[0]),
        codec="libx264",
        options=options,
        keyframe_interval=25,
    ) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def tracking_models(models: Callable[[str], Path]) -> Mapping[str, Path]:
    """Every file that tracking needs."""
    return {name: models(name) for name in assets("facemesh")}


def track(
    clip: Path, models: Callable[[str], Path], face: FaceReference | None = None
) -> FaceTrack:
    """Track a clip and write `faces.parquet` and `faces.json` beside it."""
    track_faces(
        clip,
        clip.parent / "faces.parquet",
        verdict=clip.parent / "faces.json",
        landmarks="facemesh",
        models=tracking_models(models),
        smoothing_frames=5,
        record=UsageRecord("track_faces", {}),
        face=face,
    )
    return read_faces(clip.parent / "faces.parquet")


def crop(clip: Path) -> None:
    """Crop a tracked clip."""
    folder = clip.parent
    crop_faces(
        clip,
        folder / "faces.parquet",
        video=folder / "crops.mkv",
        masks=folder / "masks.mkv",
        table=folder / "crops.parquet",
        sheet=folder / "crops.jpg",
        crop_px=CROP_PX,
        record=UsageRecord("crop_faces", {}),
    )


def painted(
    clip: Path, models: Callable[[str], Path], face: FaceReference | None = None
) -> Painted:
    """Track a clip, paint the target green, and put it back."""
    faces = track(clip, models, face)
    crop(clip)
    folder, rate = clip.parent, frame_rate(clip)
    crops = read_crops(folder / "crops.parquet")
    green = np.full((CROP_PX, CROP_PX, 3), GREEN, np.uint8)
    with (
        VideoWriter(folder / "green.mkv", rate=rate, size=(CROP_PX, CROP_PX)) as video,
        CropsWriter(folder / "green.parquet", rate=rate, crop_px=CROP_PX) as table,
    ):
        for row, frame in enumerate(crops.frame):
            video.write(green)
            there = bool(crops.present[row])
            points = crops.points[row] if there else None
            table.write(int(frame), crops.matrix[row] if there else None, points)
    frames = np.arange(len(faces), dtype=np.int32)
    timeline = Timeline(rate, "trim", frames, frames, np.ones_like(frames), np.zeros_like(frames))
    render = composed(
        clip,
        folder / "faces.parquet",
        folder / "masks.mkv",
        timeline,
        folder / "green.mkv",
        folder / "green.parquet",
        frames,
    )
    return Painted(faces, list(read_frames(clip)), list(render))
