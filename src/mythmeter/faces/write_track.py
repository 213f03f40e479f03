"""The second pass of tracking: the target's points, smoothed, measured and written."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import crop_matrix, transform
from mythmeter.faces.landmarks.protocol import Observation
from mythmeter.faces.lock import Lock
from mythmeter.faces.measures import measure
from mythmeter.faces.occlusion import steady_hands, visible_mask, visible_share
from mythmeter.faces.sightings import Sightings
from mythmeter.faces.spans import number_spans, smooth_spans
from mythmeter.faces.spectrum import Jitter
from mythmeter.faces.swappable import Swappable, judge
from mythmeter.faces.table import FacesWriter
from mythmeter.faces.watch import Watched
from mythmeter.media.decode import frame_rate, frame_size

VISIBILITY_PX: Final = 64


@dataclass
class Written:
    """What the table that was just written holds."""

    span: NDArray[np.int32]
    swappable: Swappable
    jitter: Jitter
    reasons: list[str | None]


def write_track(
    output: Path,
    clip: Path,
    lock: Lock,
    watched: Watched,
    sightings: Sightings,
    smoothing_frames: int,
    max_turn_deg: float,
) -> Written:
    """Write `faces.parquet`: the target of every frame, smoothed within its spans.

    Args:
        output: the Parquet file.
        clip: the normalised clip.
        lock: whose sighting each frame shows.
        watched, sightings: of the first pass.
        smoothing_frames: odd short window of the smoother, 1 for none.
        max_turn_deg: largest yaw at which a face is marked as swappable.
    """
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
            )

    rate = frame_rate(clip)
    writer = FacesWriter(output, rate=rate, width=size[0], height=size[1], frames=len(span))
    with writer:
        tracked_frames = smooth_spans(observations(), smoothing_frames, breaks)
        for number, tracked in enumerate(tracked_frames):
            seen = tracked.observation
            hands = steady_hands(watched.hands, number)
            flat = np.concatenate(hands).ravel().tolist() if hands else None
            step = _number(watched.luma_step[number])
            state: dict[str, Any] = {"hands": flat, "luma_step": step}
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
    return Written(span, judged, jitter, reasons)


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
