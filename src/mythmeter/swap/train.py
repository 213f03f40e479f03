"""Learn a person's face from all clips that show it."""

from collections.abc import Sequence
from pathlib import Path

from mythmeter.faces.table import LEAST_VISIBLE
from mythmeter.swap.crops import frames_with_a_face
from mythmeter.swap.dataset import chosen_crops, require_frames, spread
from mythmeter.swap.model import save_face
from mythmeter.swap.swappers import person_swapper
from mythmeter.swap.swappers.base import Settings
from mythmeter.usage.record import UsageRecord


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
        ConfigError: unknown swapper, or one that needs the performer too.
        FaceError: too few frames show the face.
    """
    kind = person_swapper(swapper)
    record.backend = kind.name
    present = [frames_with_a_face(table, least_visible=LEAST_VISIBLE)[1] for _, table in clips]
    found = require_frames(clips, present, "the person's face")
    chosen = spread(present, enrolment_frames)
    used = sum(len(frames) for frames in chosen)
    with record.phase("steady", frames=used):
        save_face(model, kind.train(chosen_crops(clips, chosen), settings))
    print(f"{kind.name}: learnt from {used} of {found} frames with a face")
