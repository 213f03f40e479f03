"""Rule score_swap: a swap before any lips are moved, so that swappers compare."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pyarrow.parquet import ParquetFile, read_table

from mythmeter.atomic import replacing
from mythmeter.errors import FaceError
from mythmeter.faces.align import canonical_points, transform
from mythmeter.faces.blocks import crop_blocks
from mythmeter.faces.identity import Embedding, FaceEncoder
from mythmeter.faces.landmarks.protocol import Landmarker, load_landmarker
from mythmeter.faces.mask import paste
from mythmeter.faces.mesh import EYE_LEFT, EYE_RIGHT, LIPS
from mythmeter.faces.table import read_faces
from mythmeter.media.decode import Frame, read_frames
from mythmeter.media.long_rows import LongRows, mean_of
from mythmeter.quality.identity import Reference, person_reference, reference_of
from mythmeter.quality.metric import Metric, not_measured
from mythmeter.quality.outside import differences, outside_region
from mythmeter.quality.stability import (
    BETWEEN_EYES,
    jitter_metric,
    no_points_yet,
    stable_points,
)
from mythmeter.render.placing import blend_mask
from mythmeter.usage.record import UsageRecord

EXPRESSIVE = (*LIPS, *EYE_LEFT, *EYE_RIGHT)
"""Points that say what a face does."""

STRIP_FRAMES = 6
TILE_PX = 224
NO_LABEL = (slice(0, 0), slice(0, 0))
EYES_UNIT = "% of the distance between the eyes"
IDENTITY_METHOD = "dlib ResNet-128, mean over sampled frames; under 0.6 is the same person"
EXPRESSION_METHOD = (
    "finished pictures tracked anew: lips and lids in head coordinates, each point less its own "
    "mean over the clip, mean distance to the footage tracked the same way; control: a face that "
    "does nothing"
)


@dataclass(frozen=True)
class SwapFiles:
    """A swap, and what it was put into."""

    crops: Path
    table: Path
    clip: Path
    faces: Path
    masks: Path


@dataclass
class _Seen:
    """What was measured, frame by frame."""

    numbers: list[int] = field(default_factory=list)
    expression: LongRows = field(default_factory=lambda: LongRows((len(EXPRESSIVE), 2)))
    untouched_expression: LongRows = field(default_factory=lambda: LongRows((len(EXPRESSIVE), 2)))
    stable: LongRows = field(default_factory=no_points_yet)
    untouched_stable: LongRows = field(default_factory=no_points_yet)
    embeddings: list[Embedding] = field(default_factory=list)
    untouched_embeddings: list[Embedding] = field(default_factory=list)
    outside: list[tuple[float, float]] = field(default_factory=list)
    tiles: list[NDArray[np.uint8]] = field(default_factory=list)


def score_swap(
    swap: SwapFiles,
    person_clips: Sequence[Path],
    person_tracks: Sequence[Path],
    *,
    models: Mapping[str, Path],
    landmarks: str,
    landmark_models: Mapping[str, Path],
    every_frames: int,
    scores: Path,
    strip: Path,
    record: UsageRecord,
) -> None:
    """Score a swap.

    Args:
        swap: swapped crops, and the target's clip and track.
        person_clips, person_tracks: `clip.mp4` and `faces.parquet` of the person's clips.
        models: assets `dlib_face` and `dlib_points`.
        landmarks, landmark_models: the landmark backend and its assets.
        every_frames: identity and the picture outside the face are measured so often.
        scores: JSON of the metrics.
        strip: JPEG, faces of the footage above those of the swap.
        record: of this job.

    Raises:
        FaceError: the person's clips show no face from the front.
    """
    with record.phase("model_load"):
        encoder = FaceEncoder(models["dlib_points"], models["dlib_face"])
        trackers = tuple(load_landmarker(landmarks, landmark_models) for _ in range(2))
    with record.phase("steady") as work:
        seen = _watch(swap, trackers, encoder, every_frames)
        work["frames"] = len(seen.numbers)
        person = person_reference(encoder, person_clips, person_tracks)
        metrics = {**_identity(seen, person), **_expression(seen)}
        metrics["landmark_jitter"] = jitter_metric(
            seen.stable, seen.untouched_stable, np.array(seen.numbers)
        )
        metrics["change_outside_face"] = Metric(
            value=float(np.mean([pair[0] for pair in seen.outside])),
            unit="levels of 255",
            n=len(seen.outside),
            method="mean difference to the untouched footage beyond 115 % of the face, no encoding",
        )
    with replacing(scores) as partial:
        document = {"metrics": {name: metric.as_json() for name, metric in metrics.items()}}
        partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    with replacing(strip) as partial:
        picture = cv2.cvtColor(np.hstack(seen.tiles), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(partial), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])


def _watch(
    swap: SwapFiles, trackers: Sequence[Landmarker], encoder: FaceEncoder, every_frames: int
) -> _Seen:
    """Look at every frame that was swapped, beside the footage."""
    seen = _Seen()
    rows = ParquetFile(swap.table).metadata.num_rows
    shown = {int(row) for row in np.linspace(0, rows - 1, STRIP_FRAMES).round()}
    for row, (number, frame, result, face) in enumerate(_pictures(swap)):
        points = [t.observe(p).points for t, p in zip(trackers, (frame, result), strict=True)]
        seen.numbers.append(number)
        seen.untouched_expression.append(_expressive(points[0]))
        seen.expression.append(_expressive(points[1]))
        seen.untouched_stable.append(stable_points(points[0]))
        seen.stable.append(stable_points(points[1]))
        if row in shown:
            seen.tiles.append(_tile(frame, result, face))
        if face is None or row % every_frames:
            continue
        seen.untouched_embeddings.append(encoder.embed(frame, face))
        # The swapped face lies where the performer's does, so the same box serves both.
        seen.embeddings.append(encoder.embed(result, face))
        height, width = frame.shape[:2]
        region = outside_region((width, height), [face], NO_LABEL)
        seen.outside.append(differences(result, frame, region))
    return seen


def _pictures(swap: SwapFiles) -> Iterator[tuple[int, Frame, Frame, NDArray[Any] | None]]:
    """Yield frame number, footage, result, and the performer's points where there is a face."""
    table = read_table(swap.table, columns=["frame"])["frame"]
    first, stop = table[0].as_py(), table[-1].as_py() + 1
    visible = read_frames(swap.masks, first, stop, pixels="gray")
    pictures = zip(
        read_frames(swap.clip, first, stop), read_frames(swap.crops), visible, strict=True
    )
    for rows in crop_blocks(swap.table, first, stop):
        track = read_faces(swap.faces, int(rows.frame[0]), int(rows.frame[-1]) + 1)
        for row, (frame, crop, seen) in enumerate(islice(pictures, len(rows))):
            number = int(rows.frame[row])
            if not rows.present[row] or not track.present[row]:
                yield number, frame, frame, None
                continue
            matrix = rows.matrix[row]
            performer = transform(track.points[row], matrix).astype(np.float32)
            mask = blend_mask(rows.points[row], performer, rows.crop_px)
            mask *= seen.astype(np.float32) * (float(track.opacity[row]) / 255)
            yield number, frame, paste(frame, crop, mask, matrix), track.points[row]
    if next(pictures, None) is not None:
        raise FaceError(f"{swap.table}: has fewer rows than {swap.crops.name} has frames.")


def _expressive(points: NDArray[Any] | None) -> NDArray[np.float64]:
    if points is None:
        return np.full((len(EXPRESSIVE), 2), np.nan)
    return np.asarray(canonical_points(points)[list(EXPRESSIVE)], np.float64)


def _identity(seen: _Seen, person: Reference) -> dict[str, Metric]:
    unit = "distance"
    if len(seen.embeddings) < 2:
        reason = "fewer than two sampled frames show a face"
        names = ("identity_to_person", "identity_to_performer")
        return {name: not_measured(unit, IDENTITY_METHOD, reason) for name in names}
    performer = reference_of(seen.untouched_embeddings)

    def mean_distance(reference: Reference, embeddings: Sequence[Embedding]) -> float:
        return float(np.mean([reference.distance(e) for e in embeddings]))

    return {
        "identity_to_person": Metric(
            mean_distance(person, seen.embeddings),
            unit,
            len(seen.embeddings),
            IDENTITY_METHOD,
            {
                "untouched_footage": mean_distance(person, seen.untouched_embeddings),
                "person_to_own_frames": person.halves_distance,
            },
        ),
        "identity_to_performer": Metric(
            mean_distance(performer, seen.embeddings),
            unit,
            len(seen.embeddings),
            IDENTITY_METHOD,
            {"untouched_footage": mean_distance(performer, seen.untouched_embeddings)},
        ),
    }


def _expression(seen: _Seen) -> dict[str, Metric]:
    ours, theirs = seen.expression, seen.untouched_expression

    def usable() -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        for our, their in zip(ours.blocks(), theirs.blocks(), strict=True):
            finite = np.isfinite(our).all(axis=(1, 2)) & np.isfinite(their).all(axis=(1, 2))
            yield our[finite], their[finite]

    count = sum(len(our) for our, _ in usable())
    if count < 2:
        reason = "fewer than two frames of swap and footage show a face"
        return {"expression_error": not_measured(EYES_UNIT, EXPRESSION_METHOD, reason)}
    our_mean = mean_of(lambda: (our for our, _ in usable()))
    their_mean = mean_of(lambda: (their for _, their in usable()))
    apart, still = 0.0, 0.0
    for our, their in usable():
        moved, wanted = our - our_mean, their - their_mean
        apart += float(np.linalg.norm(moved - wanted, axis=2).sum())
        still += float(np.linalg.norm(wanted, axis=2).sum())
    scale = 100 / BETWEEN_EYES / (count * len(EXPRESSIVE))
    return {
        "expression_error": Metric(
            apart * scale,
            EYES_UNIT,
            count,
            EXPRESSION_METHOD,
            {"face_that_does_nothing": still * scale},
        )
    }


def _tile(frame: Frame, result: Frame, face: NDArray[Any] | None) -> NDArray[np.uint8]:
    """The face of the footage above that of the swap."""
    height, width = frame.shape[:2]
    if face is None:
        centre, reach = (width / 2, height / 2), min(width, height) / 2
    else:
        low, high = face[:, :2].min(axis=0), face[:, :2].max(axis=0)
        centre, reach = tuple((low + high) / 2), float((high - low).max()) * 0.65
    left, top = (max(0, int(c - reach)) for c in centre)
    side = max(2, int(2 * reach))
    cuts = [p[top : top + side, left : left + side] for p in (frame, result)]
    tiles = [cv2.resize(c, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA) for c in cuts]
    return np.vstack(tiles).astype(np.uint8)
