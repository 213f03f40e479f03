"""Learn a person's face from all clips that show it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.faces.table import LEAST_VISIBLE
from mythmeter.swap.crops import Crop, frames_with_a_face, stream_crops
from mythmeter.swap.model import save_face
from mythmeter.swap.swappers import swapper_class
from mythmeter.swap.swappers.base import Settings
from mythmeter.usage.record import UsageRecord

MIN_FRAMES = 25
"""Frames with a face below which a face cannot be learnt: one second of ordinary video."""

RUN_FRAMES = 25
"""Neighbouring frames that are sampled together, so that movement is seen as well as poses."""


def train_swap(
    clips: Sequence[tuple[Path, Path]],
    model: Path,
    *,
    swapper: str,
    settings: Settings,
    enrolment_frames: int,
    record: UsageRecord,
) -> None:
    """Learn the face of a person and write its model.

    Memory follows `enrolment_frames`, whatever the length of the clips.

    Args:
        clips: crops of the person as (video, table).
        model: written.
        swapper: name of the swapper.
        settings: of the swapper.
        enrolment_frames: at most so many crops are learnt from.
        record: of this job.

    Raises:
        ConfigError: unknown swapper.
        FaceError: too few frames show the face.
    """
    kind = swapper_class(swapper)
    record.backend = kind.name
    present = [frames_with_a_face(table, least_visible=LEAST_VISIBLE)[1] for _, table in clips]
    found = sum(len(frames) for frames in present)
    if found < MIN_FRAMES:
        names = ", ".join(str(video) for video, _ in clips)
        raise FaceError(
            f"{names}: {found} frames show the person's face and {MIN_FRAMES} are needed. "
            "Give a clip that shows the face from the front for some seconds."
        )
    chosen = _spread(present, enrolment_frames)
    used = sum(len(frames) for frames in chosen)
    with record.phase("steady", frames=used):
        save_face(model, kind.train(_crops(clips, chosen), settings))
    print(f"{kind.name}: learnt from {used} of {found} frames with a face")


def _spread(present: list[NDArray[np.int32]], limit: int) -> list[NDArray[np.int32]]:
    """Choose at most `limit` frames: short runs of neighbours, spread evenly over all clips."""
    lengths = [len(frames) for frames in present]
    total = sum(lengths)
    if total <= limit:
        return present
    length = min(RUN_FRAMES, limit)
    starts = np.linspace(0, total - length, limit // length).astype(int)
    rows = np.unique(starts[:, None] + np.arange(length))
    ends = np.cumsum(lengths)
    return [
        frames[rows[(rows >= end - len(frames)) & (rows < end)] - (end - len(frames))]
        for frames, end in zip(present, ends, strict=True)
    ]


def _crops(clips: Sequence[tuple[Path, Path]], chosen: list[NDArray[np.int32]]) -> Iterator[Crop]:
    for (video, table), frames in zip(clips, chosen, strict=True):
        wanted = set(frames.tolist())
        if wanted:
            for crop in stream_crops(video, table, 0, int(frames[-1]) + 1):
                if crop.frame in wanted:
                    yield crop
