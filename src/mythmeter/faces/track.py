"""Rule track_faces: the target's face in every frame of a clip, whoever else is in it.

Two passes: the first looks at the pictures (`watch`), follows all faces and samples whose they are;
the second knows all samples, locks on the target (`lock`), smooths and writes.
"""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import ConsentError, FaceError
from mythmeter.faces.align import crop_matrix, transform
from mythmeter.faces.follow import jumped
from mythmeter.faces.hands import ASSETS as HAND_ASSETS
from mythmeter.faces.hands import HandTracker
from mythmeter.faces.identity import Embedding, FaceEncoder
from mythmeter.faces.landmarks.protocol import Landmarker, Observation, load_landmarker
from mythmeter.faces.landmarks.protocol import assets as landmark_assets
from mythmeter.faces.lock import Lock, Locker
from mythmeter.faces.measures import measure
from mythmeter.faces.occlusion import steady_hands, visible_mask, visible_share
from mythmeter.faces.only_person import ANOTHER, EVERY_FRAMES, IsPerson
from mythmeter.faces.reference import FaceReference
from mythmeter.faces.sightings import Sightings
from mythmeter.faces.smooth import AdaptiveSmoother
from mythmeter.faces.spectrum import Jitter, spans_of
from mythmeter.faces.swappable import Swappable, judge
from mythmeter.faces.table import FacesWriter
from mythmeter.faces.watch import Watched, watch
from mythmeter.media.decode import count_frames, frame_rate, frame_size, read_frames
from mythmeter.usage.record import UsageRecord

MAX_TURN_DEG: Final = 60.0
VISIBILITY_PX: Final = 64
IDENTITY_ASSETS: Final = ("dlib_points", "dlib_face")


def assets(landmarks: str) -> tuple[str, ...]:
    """Names in the model catalogue of what tracking with a landmark backend needs.

    Raises:
        ConfigError: no backend has that name.
    """
    return (*landmark_assets(landmarks), *HAND_ASSETS, *IDENTITY_ASSETS)


@dataclass(frozen=True)
class TrackedFrame:
    """One frame: what was observed and, where there is a face, its smoothed points."""

    observation: Observation
    points: NDArray[np.float64] | None
    """(468, 3) smoothed; None where there is no face."""


def track_faces(
    clip: Path,
    output: Path,
    *,
    verdict: Path,
    landmarks: str,
    models: Mapping[str, Path],
    smoothing_frames: int,
    record: UsageRecord,
    face: FaceReference | None = None,
    max_turn_deg: float = MAX_TURN_DEG,
    is_person: IsPerson | None = None,
) -> None:
    """Track one person's face through `clip.mp4`; write `faces.parquet` and `faces.json`.

    Args:
        clip: a normalised clip.
        output: the Parquet file; columns in `docs/files.md`.
        verdict: the JSON file: who was followed and how it was decided, spans, jitter.
        landmarks: name of the backend.
        models: path of each of `assets`.
        smoothing_frames: odd short window of the smoother, 1 for none.
        record: usage record of the job.
        face: who is meant; None: the prominent face at the start.
        max_turn_deg: largest yaw at which a face is marked as swappable.
        is_person: says whether a face is the one that may be tracked; None: any face.

    Raises:
        ConfigError: no such backend.
        FaceError: the clip shows no face, or not the one that is meant.
        ConsentError: it shows faces, but never that of the person who agreed.
    """
    record.backend = landmarks
    with record.phase("model_load"):
        landmarker = load_landmarker(landmarks, models)
        hands = HandTracker(models)
        encoder = FaceEncoder(models["dlib_points"], models["dlib_face"])
    frames, rate = count_frames(clip), frame_rate(clip)
    output.parent.mkdir(parents=True, exist_ok=True)
    with record.phase("steady", frames=frames), Sightings(output.parent) as sightings:
        pictures = read_frames(clip, stop=frames)
        watched = watch(
            pictures,
            rate,
            landmarker=landmarker,
            hands=hands,
            encoder=encoder,
            sightings=sightings,
            sample_every_s=None if is_person is None else float(EVERY_FRAMES / rate),
        )
        if not len(sightings):
            said = "; ".join(sorted(set(watched.reasons)))
            raise FaceError(
                f"{clip}: none of its {frames} frames shows a face ({said}). Use footage in "
                "which one face is seen from the front, at least 60 pixels high."
            )
        lock = _lock(clip, face, watched, sightings, landmarker, encoder, is_person)
        written = _write_track(
            output, clip, lock, watched, sightings, smoothing_frames, max_turn_deg
        )
    summary = _summary(face, lock, watched, written, float(rate))
    with replacing(verdict) as partial:
        partial.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(
        f"{clip}: {summary['people']} person(s); the target, {summary['target']}, in "
        f"{summary['present_frames']} of {frames} frames, {summary['swappable_frames']} swappable"
    )


def _lock(
    clip: Path,
    face: FaceReference | None,
    watched: Watched,
    sightings: Sightings,
    landmarker: Landmarker,
    encoder: FaceEncoder,
    is_person: IsPerson | None,
) -> Lock:
    def seen(row: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        frame = int(sightings.index["frame"][row])
        return next(read_frames(clip, frame, frame + 1)), sightings.record(row)["points"]

    def embed(row: int) -> Embedding:
        return encoder.embed(*seen(row))

    rate = float(frame_rate(clip))
    locker = Locker(sightings.index, rate, embed)
    locker.add_samples(watched.samples)
    if is_person is not None:
        allowed = locker.passing(lambda row: is_person(*seen(row)))
        if not allowed:
            raise ConsentError(
                f"{clip}: faces in it, but none of them is that of the person who agreed. "
                "Take the clip out, or let the person agree again with clips of their own."
            )
        reference = locker.mean_of(allowed)
        lock = locker.lock(reference, watched.frames, watched.cuts, -1, allowed)
        seen_by = [r if r in (None, "no face detected") else ANOTHER for r in lock.reason]
        return dataclasses.replace(lock, reason=seen_by)
    row = -1
    if face is not None and face.picture is not None:
        reference = _of_picture(face.picture, landmarker, encoder)
    else:
        if face is None:
            row = locker.prominent_at_start()
        else:
            at = round(Fraction(str(face.time_s)) * frame_rate(clip))
            frame = min(at, watched.frames - 1)
            box = np.array(face.box) * np.tile(frame_size(clip), 2)
            try:
                row = locker.at(frame, box)
            except FaceError as error:
                raise FaceError(f"{clip}: {error}") from None
        reference = locker.reference_of(row)
    lock = locker.lock(reference, watched.frames, watched.cuts, row)
    if not (lock.row >= 0).any():
        raise FaceError(
            f"{clip}: none of its {lock.people - 1} people is {face} (nearest "
            f"distance {locker.nearest(reference):.2f}; under 0.6 is the same person). "
            "Name a better picture."
        )
    return lock


def _of_picture(path: Path, landmarker: Landmarker, encoder: FaceEncoder) -> Embedding:
    picture = cv2.imread(str(path))
    if picture is None:
        raise FaceError(f"{path}: cannot be read as a picture. `face.picture` takes JPEG or PNG.")
    frame = np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
    found = [landmarker.fit(frame, d) for d in landmarker.detect(frame, fine=True)]
    faces = [seen.points for seen in found if seen.points is not None]
    if not faces:
        raise FaceError(f"{path}: shows no face. `face.picture` needs one, seen from the front.")
    return encoder.embed(frame, max(faces, key=lambda points: float(np.ptp(points[:, 1]))))


@dataclass
class _Written:
    """What the table that was just written holds."""

    span: NDArray[np.int32]
    swappable: Swappable
    jitter: Jitter
    reasons: list[str | None]


def _write_track(
    output: Path,
    clip: Path,
    lock: Lock,
    watched: Watched,
    sightings: Sightings,
    smoothing_frames: int,
    max_turn_deg: float,
) -> _Written:
    size, index = frame_size(clip), sightings.index
    breaks = {*watched.cuts, *lock.switches}
    span = number_spans(lock.row, index["box"], breaks)
    judged = judge(lock.row, span, index, size, max_turn_deg)
    reasons = [
        watched.reasons[n] if reason == "no face detected" else reason
        for n, reason in enumerate(lock.reason)
    ]
    jitter, last_span = Jitter(), -1

    def observations() -> Iterator[Observation]:
        for number, row in enumerate(lock.row):
            if row < 0:
                yield Observation(reason=reasons[number])
                continue
            kept = sightings.record(int(row))
            yield Observation(
                points=kept["points"],
                score=float(index["score"][row]),
                irises=_given(kept["irises"]),
                points_68=_given(kept["points_68"]),
            )

    rate = frame_rate(clip)
    writer = FacesWriter(output, rate=rate, width=size[0], height=size[1], frames=len(span))
    with writer:
        tracked_frames = smooth_spans(observations(), smoothing_frames, breaks)
        for number, tracked in enumerate(tracked_frames):
            seen = tracked.observation
            hands = steady_hands(watched.hands, number)
            flat = np.concatenate(hands).ravel().tolist() if hands else None
            state: dict[str, Any] = {"hands": flat}
            if tracked.points is None:
                writer.write(number, reason=seen.reason, score=seen.score, state=state)
                continue
            if span[number] != last_span:
                jitter.end_span()
                last_span = int(span[number])
            jitter.add(seen.points, tracked.points)
            row = int(lock.row[number])
            state |= {
                "irises": seen.irises,
                "points_68": seen.points_68,
                "span": last_span,
                "swappable": judged.reason[number] is None,
                "unswappable_reason": judged.reason[number],
                "opacity": float(judged.opacity[number]),
                "visibility": _visibility(tracked.points, hands),
                "sharpness": float(index["sharpness"][row]),
                "identity_distance": _number(lock.distance[number]),
                "identity_frame": int(lock.sampled[number]) if lock.sampled[number] >= 0 else None,
            }
            writer.write(
                number,
                score=seen.score,
                points=tracked.points,
                points_raw=seen.points,
                measures=measure(tracked.points),
                state=state,
            )
    return _Written(span, judged, jitter, reasons)


def number_spans(
    rows: NDArray[np.int64], boxes: NDArray[np.float32], breaks: set[int]
) -> NDArray[np.int32]:
    """Number the unbroken stretches of the target's face, -1 where it is absent.

    Args:
        rows: (frames,) row of the sighting of each frame, -1 for none.
        boxes: (sightings, 4).
        breaks: frames that begin a new shot or another person's place.
    """
    span, current = np.full(len(rows), -1, np.int32), -1
    for number, row in enumerate(rows):
        if row < 0:
            continue
        before = rows[number - 1] if number else -1
        if before < 0 or number in breaks or _far(boxes[before], boxes[row]):
            current += 1
        span[number] = current
    return span


def _far(before: NDArray[np.float32], after: NDArray[np.float32]) -> bool:
    """Whether two boxes are too far apart for neighbouring frames of one face: see `jumped`."""
    corners = np.array([[b[[0, 1]], b[[2, 3]]] for b in (before, after)])
    size = float((corners[0, 1] - corners[0, 0]).max())
    return bool(np.abs(corners[1].mean(axis=0) - corners[0].mean(axis=0)).max() > 0.5 * size)


def smooth_spans(
    observations: Iterable[Observation], window: int, breaks: set[int] | None = None
) -> Iterator[TrackedFrame]:
    """Smooth within spans of one continuous face, never across a gap or a cut.

    Holds at most a long window of frames. `breaks` are numbers of observations that begin anew.
    """
    smoother = AdaptiveSmoother(window)
    waiting: list[Observation] = []
    last: Observation | None = None

    def finished(smoothed: Iterable[NDArray[Any]]) -> Iterator[TrackedFrame]:
        for points in smoothed:
            yield TrackedFrame(waiting.pop(0), points)

    for number, seen in enumerate(observations):
        if last is not None and last.points is not None:
            ends = seen.points is None or number in (breaks or set())
            if ends or jumped(last.points, seen.points):
                yield from finished(smoother.flush())
        if seen.points is None:
            yield TrackedFrame(seen, None)
        else:
            waiting.append(seen)
            yield from finished(smoother.push(seen.points))
        last = seen
    yield from finished(smoother.flush())


def _visibility(points: NDArray[Any], hands: list[NDArray[np.float32]]) -> float:
    if not hands:
        return 1.0
    matrix = crop_matrix(points, VISIBILITY_PX)
    mask = visible_mask(hands, matrix, VISIBILITY_PX)
    return visible_share(mask, transform(points, matrix))


def _given(values: NDArray[np.float32]) -> NDArray[np.float32] | None:
    return None if np.isnan(values).any() else values


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _summary(
    face: FaceReference | None, lock: Lock, watched: Watched, written: _Written, rate: float
) -> dict[str, Any]:
    present = lock.row >= 0
    if face is None and lock.chosen_at < 0:
        chosen, how = "the person of the consent record", "consent record"
    elif face is None:
        chosen, how = f"the prominent face at the start (frame {lock.chosen_at})", "default"
    else:
        chosen, how = str(face), "configuration"
    drift = watched.drift
    distances = lock.distance[np.isfinite(lock.distance)]
    return {
        "target": chosen,
        "target_chosen_by": how,
        "people": lock.people,
        "frames": len(lock.row),
        "present_frames": int(present.sum()),
        "swappable_frames": int((written.swappable.opacity > 0).sum()),
        "absent": dict(Counter(r for r in written.reasons if r)),
        "not_swappable": dict(
            Counter(r.split(" (")[0] for r in written.swappable.reason if r is not None)
        ),
        "cuts": watched.cuts,
        "person_switches": lock.switches,
        "spans": spans_of(written.span.tolist(), rate),
        "identity": {
            "method": "dlib ResNet-128, sampled; distance under 0.6 is the same person",
            "samples": len(np.unique(lock.sampled[lock.sampled >= 0])),
            "median_distance": float(np.median(distances)) if len(distances) else None,
            "largest_distance": float(distances.max()) if len(distances) else None,
        },
        "detection": {
            "every_frames_median": float(np.median(drift.steps)) if drift.steps else None,
            "drift_median": float(np.median(drift.measured)) if drift.measured else None,
            "drift_largest": max(drift.measured, default=None),
            "drift_of": "mean point distance over face size, followed against freshly detected",
        },
        "frames_with_hands": sum(bool(watched.hands[n]) for n in range(len(watched.hands))),
        "smoothing": "Savitzky–Golay of order 2, two windows mixed by stillness; no delay",
        "jitter": written.jitter.report(rate),
    }
