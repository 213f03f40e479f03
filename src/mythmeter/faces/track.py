"""Rule track_faces: the points of the face in every frame of a clip, smoothed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ConsentError, FaceError
from mythmeter.faces.landmarks.protocol import Landmarker, Observation, load_landmarker
from mythmeter.faces.measures import measure
from mythmeter.faces.mesh import OVAL
from mythmeter.faces.only_person import ANOTHER, IsPerson, observe_person
from mythmeter.faces.smooth import SpanSmoother
from mythmeter.faces.table import FacesWriter
from mythmeter.media.decode import count_frames, frame_rate, frame_size, read_frames
from mythmeter.usage.record import UsageRecord

JUMP = 0.5
"""A face that moves by more than this part of its size in one frame is a cut: a new span."""


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
    landmarks: str,
    models: Mapping[str, Path],
    smoothing_frames: int,
    record: UsageRecord,
    is_person: IsPerson | None = None,
) -> None:
    """Track the most prominent face of `clip.mp4` and write `faces.parquet`.

    Args:
        clip: a normalised clip.
        output: the Parquet file; columns in `docs/files.md`.
        landmarks: name of the backend.
        models: path of each asset that the backend needs.
        smoothing_frames: odd window of the Savitzky–Golay filter of order 2, 1 for none.
        record: usage record of the job.
        is_person: says whether a face is the one that may be tracked; None: any face.

    Raises:
        ConfigError: no such backend.
        FaceError: the clip shows no face in any frame.
        ConsentError: it shows faces, but never that of the person.
    """
    record.backend = landmarks
    with record.phase("model_load"):
        landmarker = load_landmarker(landmarks, models)
    frames = count_frames(clip)
    width, height = frame_size(clip)
    with record.phase("steady", frames=frames):
        pictures = read_frames(clip, stop=frames)
        if is_person is None:
            observations = observe_all(landmarker, pictures)
        else:
            observations = observe_person(landmarker, pictures, is_person, _breaks)
        found, reasons = 0, set()
        writer = FacesWriter(
            output, rate=frame_rate(clip), width=width, height=height, frames=frames
        )
        with writer:
            for number, tracked in enumerate(smooth_spans(observations, smoothing_frames)):
                _write(writer, number, tracked)
                found += tracked.points is not None
                reasons.add(tracked.observation.reason)
            if not found and ANOTHER in reasons:
                raise ConsentError(
                    f"{clip}: faces in it, but none of them is that of the person who agreed. "
                    "Take the clip out, or let the person agree again with clips of their own."
                )
            if not found:
                said = "; ".join(sorted(str(r) for r in reasons))
                raise FaceError(
                    f"{clip}: none of its {frames} frames shows a face ({said}). Use footage in "
                    "which one face is seen from the front, at least 60 pixels high."
                )
    print(f"{clip}: a face in {found} of {frames} frames")


def observe_all(
    landmarker: Landmarker, frames: Iterable[NDArray[np.uint8]]
) -> Iterator[Observation]:
    """Yield what the backend sees in each frame."""
    for frame in frames:
        yield landmarker.observe(frame)


def smooth_spans(observations: Iterable[Observation], window: int) -> Iterator[TrackedFrame]:
    """Smooth within spans of one continuous face, never across a gap or a cut.

    Holds at most a window of frames.
    """
    smoother = SpanSmoother(window)
    waiting: list[Observation] = []
    last: Observation | None = None

    def finished(smoothed: Iterable[NDArray[Any]]) -> Iterator[TrackedFrame]:
        for points in smoothed:
            yield TrackedFrame(waiting.pop(0), points)

    for seen in observations:
        if last is not None and last.points is not None and _breaks(last, seen):
            yield from finished(smoother.flush())
        if seen.points is None:
            yield TrackedFrame(seen, None)
        else:
            waiting.append(seen)
            yield from finished(smoother.push(seen.points))
        last = seen
    yield from finished(smoother.flush())


def _breaks(last: Observation, seen: Observation) -> bool:
    """Whether a span ends between two frames."""
    if seen.points is None:
        return True
    before, after = last.points[list(OVAL), :2], seen.points[list(OVAL), :2]
    size = float(np.ptp(before, axis=0).max())
    moved = np.abs(after.mean(axis=0) - before.mean(axis=0)).max()
    grown = abs(float(np.ptp(after, axis=0).max()) - size)
    return bool(max(moved, grown) > JUMP * size)


def _write(writer: FacesWriter, number: int, tracked: TrackedFrame) -> None:
    seen = tracked.observation
    if tracked.points is None:
        writer.write(number, reason=seen.reason, score=seen.score)
        return
    writer.write(
        number,
        score=seen.score,
        points=tracked.points,
        points_raw=seen.points,
        measures=measure(tracked.points),
    )
