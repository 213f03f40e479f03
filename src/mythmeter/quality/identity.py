"""Whose face a render shows: distances to the person and to the performer, with controls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.faces.identity import Embedding, FaceEncoder
from mythmeter.faces.spread import spread_faces
from mythmeter.media.decode import Frame, read_frames
from mythmeter.quality.metric import Metric, not_measured

REFERENCE_FRAMES = 16
"""Frames of the person that make the reference, over all clips."""

TURNED_DEG = 30.0
"""Heads turned further than this are left out of the reference."""

METHOD = "dlib ResNet-128, mean over sampled frames; under 0.6 is the same person"


@dataclass(frozen=True)
class Reference:
    """What a person looks like to the encoder."""

    mean: Embedding
    halves_distance: float
    """Frames of one half against the mean of the other: the best that can be reached."""
    frames: int

    def distance(self, embedding: Embedding) -> float:
        """Euclidean distance of a face to this person."""
        return float(np.linalg.norm(embedding - self.mean))


def person_reference(
    encoder: FaceEncoder, clips: Sequence[Path], faces: Sequence[Path]
) -> Reference:
    """Embed about 16 frontal frames, spread over the person's own clips.

    Raises:
        FaceError: no clip shows the face from the front.
    """
    share = -(-REFERENCE_FRAMES // len(clips))
    embeddings = [
        encoder.embed(frame, points)
        for clip, track in zip(clips, faces, strict=True)
        for frame, points in _spread_frames(clip, track, share)
    ]
    if len(embeddings) < 2:
        raise FaceError(
            f"{', '.join(str(clip) for clip in clips)}: fewer than two frames show the person from "
            f"the front (within {TURNED_DEG:.0f}°), so identity cannot be scored. Add such a clip."
        )
    return reference_of(embeddings)


def reference_of(embeddings: Sequence[Embedding]) -> Reference:
    """Average embeddings of one person, and measure how far apart their two halves lie."""
    stack = np.stack(embeddings)
    early, late = stack[0::2], stack[1::2]
    across = np.concatenate(
        [
            np.linalg.norm(early - late.mean(axis=0), axis=1),
            np.linalg.norm(late - early.mean(axis=0), axis=1),
        ]
    )
    return Reference(stack.mean(axis=0), float(across.mean()), len(stack))


def _spread_frames(clip: Path, faces: Path, count: int) -> Iterator[tuple[Frame, NDArray[Any]]]:
    _, chosen = spread_faces(faces, count, turned_deg=TURNED_DEG)
    for number, points in chosen:
        yield next(read_frames(clip, number, number + 1)), points


@dataclass(frozen=True)
class IdentityRow:
    """Distances of one sampled output frame in whose footage there is a face."""

    person: float | None
    """Render to person; None where the render shows no face."""
    performer: float | None
    untouched_person: float | None
    """Footage to person; None where it was not measured, because it is only a control."""
    untouched_performer: float | None


def identity_metrics(
    rows: Sequence[IdentityRow], person: Reference, performer: Reference | None
) -> dict[str, Metric]:
    """Distances to person and performer, and how often the person is the nearer of the two."""
    found = [(r.person, r.performer) for r in rows if r.person is not None]
    if not found or performer is None:
        where = "footage" if performer is None else "render"
        reason = f"no sampled frame of the {where} shows a face"
        names = ("identity_to_person", "identity_to_performer", "identity_nearer_person")
        return {name: not_measured("distance", METHOD, reason) for name in names}
    to_person, to_performer = np.array(found, dtype=np.float64).T
    untouched = np.array(
        [
            (r.untouched_person, r.untouched_performer)
            for r in rows
            if r.untouched_person is not None
        ],
        dtype=np.float64,
    )
    footage_to_person, footage_to_performer = untouched.T
    return {
        "identity_to_person": Metric(
            value=float(to_person.mean()),
            unit="distance",
            n=len(found),
            method=METHOD,
            controls={
                "untouched_footage": float(footage_to_person.mean()),
                "person_to_own_frames": person.halves_distance,
            },
            control_n={"untouched_footage": len(untouched), "person_to_own_frames": person.frames},
        ),
        "identity_to_performer": Metric(
            value=float(to_performer.mean()),
            unit="distance",
            n=len(found),
            method=METHOD,
            controls={"untouched_footage": float(footage_to_performer.mean())},
            control_n={"untouched_footage": len(untouched)},
        ),
        "identity_nearer_person": Metric(
            value=float((to_person < to_performer).sum() / len(rows)),
            unit="share of frames",
            n=len(rows),
            method="sampled frames whose face is nearer to the person than to the performer; "
            "a frame in which the render lost the face counts against it",
            controls={
                "untouched_footage": float((footage_to_person < footage_to_performer).mean())
            },
            control_n={"untouched_footage": len(untouched)},
        ),
    }
