"""Put a learnt face into a segment of a target's crops."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from mythmeter.errors import FaceError
from mythmeter.faces.table import CropsWriter
from mythmeter.media.decode import count_frames, frame_rate
from mythmeter.media.encode import VideoWriter
from mythmeter.media.segment import segment_frames
from mythmeter.swap.composite import Finished, Finisher
from mythmeter.swap.crops import Crop, frames_with_a_face, stream_crops
from mythmeter.swap.model import load_face
from mythmeter.swap.swappers.base import Equipment, NeedsEquipment
from mythmeter.usage.record import UsageRecord

BATCH = 16
"""Frames that are drawn together."""


def swap_faces(
    model: Path,
    target: tuple[Path, Path],
    faces: tuple[Path, Path],
    *,
    swapper: str,
    start_s: float,
    end_s: float | None,
    record: UsageRecord,
    equipment: Equipment | None = None,
    masks: Path | None = None,
    own: bool = False,
) -> None:
    """Write the target's crops with the person's face in them.

    The segment is read twice: to learn how the performer moves, and to draw. Crops are never held
    all at once; codes of about a kilobyte a frame are.

    Args:
        model: the person's face.
        target: crops of the target as (video, table).
        faces: written, as (video, table): one crop for each frame of the segment.
        swapper: name of the swapper that learnt the model.
        start_s, end_s: segment of the target, in seconds; end None means the end of the clip.
        record: of this job.
        equipment: files of the user's that the swapper draws with, if it needs any.
        masks: `masks.mkv` of the target; None: nothing covers the face.
        own: the target is footage of the person, whose shape it has already.

    Raises:
        ConfigError: unknown swapper.
        ModelError: the model is another swapper's.
        MediaError: the segment lies outside the clip.
        FaceError: no frame of the segment shows a face.
    """
    video, table = target
    rate = frame_rate(video)
    first, stop = segment_frames(start_s, end_s, rate, count_frames(video))
    with record.phase("model_load"):
        face = load_face(model, swapper)
        if equipment is not None and isinstance(face, NeedsEquipment):
            face.equip(equipment)
        record.backend = face.name
    crop_px, present = frames_with_a_face(table, first, stop)
    if not len(present):
        raise FaceError(
            f"{video}: no frame from {first} to {stop - 1} ({start_s:g} s on) shows a face. "
            "Change start_s or end_s of the render."
        )
    with (
        record.phase("steady", frames=stop - first),
        VideoWriter(faces[0], rate=rate, size=(crop_px, crop_px)) as pictures,
        CropsWriter(faces[1], rate=rate, crop_px=crop_px) as rows,
    ):
        performance = face.study(_with_a_face(stream_crops(video, table, first, stop)), own=own)
        row = 0
        finisher = Finisher()
        stream = stream_crops(video, table, first, stop, masks)
        while batch := list(islice(stream, BATCH)):
            drawable = list(_with_a_face(batch))
            pictures_drawn = face.draw(drawable, performance, row)
            drawn = {c.frame: d for c, d in zip(drawable, pictures_drawn, strict=True)}
            row += len(drawable)
            for crop in batch:
                for finished in finisher.push(crop, drawn.get(crop.frame)):
                    _write(finished, pictures, rows)
        for finished in finisher.flush():
            _write(finished, pictures, rows)
    print(f"{face.name}: {len(present)} of {stop - first} frames show a face and were drawn")


def _write(finished: Finished, pictures: VideoWriter, rows: CropsWriter) -> None:
    pictures.write(finished.picture)
    crop = finished.crop
    if finished.drawn is None:
        rows.write(crop.frame, None, None)
    else:
        rows.write(crop.frame, crop.matrix, finished.drawn.points, span=crop.span)


def _with_a_face(crops: Iterable[Crop]) -> Iterator[Crop]:
    return (crop for crop in crops if crop.points is not None)
