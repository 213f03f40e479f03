"""Crops of two faces, split into what is trained on and what is held out."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.faces.table import LEAST_VISIBLE
from mythmeter.swap.crops import Crop, frames_with_a_face, stream_crops

Files = tuple[Path, Path]
"""Crops of a clip as (video, table)."""

MIN_FRAMES = 25
"""Frames with a face below which a face cannot be learnt: one second of ordinary video."""

RUN_FRAMES = 25
"""Neighbouring frames that are sampled together, so that movement is seen as well as poses."""

HELD_OUT_SHARE = 0.1
"""Of each clip, its end, where no whole clip is held out."""


@dataclass(frozen=True)
class Footage:
    """Crops of one face that show it, in order of filming."""

    pictures: NDArray[np.uint8]
    """(n, crop_px, crop_px, 3) RGB."""
    points: NDArray[np.float32]
    """(n, 468, 2) in crop pixels."""
    frames: NDArray[np.int32]
    """(n,) frame numbers of their clips."""

    def __len__(self) -> int:
        return len(self.frames)

    def digest(self) -> str:
        """Digest of the pictures and points."""
        digest = hashlib.sha256(self.pictures.tobytes())
        digest.update(self.points.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class PairFootage:
    """What a pair is trained on."""

    person: Footage
    performer: Footage
    held_out: Footage
    """Of the person; never trained on."""


def read_pair(
    person: Sequence[Files], performer: Files, *, limit: int, held_out: str
) -> PairFootage:
    """Read crops of a person and of a performer.

    Args:
        person: every clip that shows the person.
        performer: the target's clip.
        limit: at most so many crops of each face.
        held_out: `clip` keeps the person's last clip from training, `tail` the end of each clip.

    Raises:
        FaceError: too few frames show a face, or there is no clip that can be held out.
    """
    if held_out == "clip" and len(person) < 2:
        raise FaceError(
            f"{person[0][0]}: is the person's only clip, so it cannot be held out. Give a second "
            "clip that shows the face, or set swap.held_out: tail."
        )
    present = [frames_with_a_face(table, least_visible=LEAST_VISIBLE)[1] for _, table in person]
    if held_out == "clip":
        kept = [*present[:-1], present[-1][:0]]
        out = [*(frames[:0] for frames in present[:-1]), present[-1]]
    else:
        tails = [-(-len(frames) * HELD_OUT_SHARE // 1) for frames in present]
        cuts = [len(f) - int(tail) for f, tail in zip(present, tails, strict=True)]
        kept = [frames[:cut] for frames, cut in zip(present, cuts, strict=True)]
        out = [frames[cut:] for frames, cut in zip(present, cuts, strict=True)]
    require_frames(person, kept, "the person's face")
    shown = [frames_with_a_face(performer[1], least_visible=LEAST_VISIBLE)[1]]
    require_frames([performer], shown, "the performer's face")
    return PairFootage(
        person=_footage(person, spread(kept, limit)),
        performer=_footage([performer], spread(shown, limit)),
        held_out=_footage(person, spread(out, limit)),
    )


def require_frames(clips: Sequence[Files], present: Sequence[NDArray[np.int32]], what: str) -> int:
    """Return how many frames show a face.

    Raises:
        FaceError: fewer than can be learnt from.
    """
    found = sum(len(frames) for frames in present)
    if found < MIN_FRAMES:
        names = ", ".join(str(video) for video, _ in clips)
        raise FaceError(
            f"{names}: {found} frames show {what} and {MIN_FRAMES} are needed. "
            "Give a clip that shows the face from the front for some seconds."
        )
    return found


def spread(present: Sequence[NDArray[np.int32]], limit: int) -> list[NDArray[np.int32]]:
    """Choose at most `limit` frames: short runs of neighbours, spread evenly over all clips."""
    lengths = [len(frames) for frames in present]
    total = sum(lengths)
    if total <= limit:
        return list(present)
    length = min(RUN_FRAMES, limit)
    starts = np.linspace(0, total - length, limit // length).astype(int)
    rows = np.unique(starts[:, None] + np.arange(length))
    ends = np.cumsum(lengths)
    return [
        frames[rows[(rows >= end - len(frames)) & (rows < end)] - (end - len(frames))]
        for frames, end in zip(present, ends, strict=True)
    ]


def chosen_crops(clips: Sequence[Files], chosen: Sequence[NDArray[np.int32]]) -> Iterator[Crop]:
    """Yield the chosen crops of each clip."""
    for (video, table), frames in zip(clips, chosen, strict=True):
        wanted = set(frames.tolist())
        if wanted:
            for crop in stream_crops(video, table, 0, int(frames[-1]) + 1):
                if crop.frame in wanted:
                    yield crop


def _footage(clips: Sequence[Files], chosen: Sequence[NDArray[np.int32]]) -> Footage:
    crops = list(chosen_crops(clips, chosen))
    return Footage(
        np.stack([crop.picture for crop in crops]),
        np.stack([crop.points for crop in crops if crop.points is not None]),
        np.array([crop.frame for crop in crops], np.int32),
    )
