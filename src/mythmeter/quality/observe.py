"""One pass over a finished file beside the untouched footage, frame by frame."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import MediaError
from mythmeter.faces.identity import Embedding, FaceEncoder
from mythmeter.faces.landmarks.protocol import Landmarker
from mythmeter.faces.measures import mouth_opening
from mythmeter.faces.table import FaceTrack, read_faces
from mythmeter.media.decode import Frame, count_frames, frame_size, read_frames
from mythmeter.media.long_rows import LongRows
from mythmeter.quality.flicker import NOTHING, WarpError, warp_error
from mythmeter.quality.joins import JoinSteps
from mythmeter.quality.outside import CONTROL_FRAMES, Box, differences, outside_region
from mythmeter.quality.resolution import Detail, detail
from mythmeter.quality.sheet import SHEET_FRAMES
from mythmeter.quality.stability import no_points_yet, stable_points
from mythmeter.render.sequence import frames_in_order
from mythmeter.render.timeline import Timeline

ROWS_AT_ONCE = 256
CONTROL_EVERY_SAMPLES = 3
"""An embedding is most of what a score costs, and a control needs fewer of them."""


@dataclass
class Sample:
    """What was measured in one sampled frame."""

    frame: int
    render: Embedding | None
    """Face of the render; None where there is none."""
    footage_has_face: bool
    untouched: Embedding | None
    """Face of the same frame of the footage, on one sampled frame in three: it is a control."""
    outside: tuple[float, float]
    """Mean absolute and mean squared difference beyond the face."""
    warp: WarpError = NOTHING
    """From the frame before to this one, in the render and in the footage."""
    warp_untouched: WarpError = NOTHING
    detail: Detail | None = None


@dataclass
class Observed:
    """Everything that the metrics need; about 1 kB a frame, whatever the picture's size."""

    joins: JoinSteps
    mouth: list[float] = field(default_factory=list)
    """Mouth opening in each frame of the render; NaN without a face."""
    stable: LongRows = field(default_factory=no_points_yet)
    stable_untouched: LongRows = field(default_factory=no_points_yet)
    samples: list[Sample] = field(default_factory=list)
    first_frames: list[Frame] = field(default_factory=list)
    """Untouched frames of the start, at most a second, for the encoder's control."""
    first_regions: list[NDArray[np.bool_]] = field(default_factory=list)
    pictures: list[tuple[int, Frame, Frame]] = field(default_factory=list)
    """(frame, untouched, render) for the contact sheet."""


def observe(
    render: Path,
    clip: Path,
    faces: Path,
    timeline: Timeline,
    *,
    label: Box,
    every_frames: int,
    landmarker: Landmarker,
    encoder: FaceEncoder,
) -> Observed:
    """Read the finished file and the footage that it shows side by side.

    Args:
        render: the finished file.
        clip, faces: footage and its face track.
        timeline: which of its frames each output frame shows.
        label: rows and columns of the visible label.
        every_frames: identity and picture differences are measured on every so many frames.

    Raises:
        MediaError: the file has not the frames, or not the size, that the timeline says.
    """
    _check(render, clip, timeline)
    size = frame_size(clip)
    shown = _even_spread(timeline.frames, SHEET_FRAMES)
    rows = _Rows(faces)
    found = Observed(JoinSteps(timeline.chunk, timeline.group))
    before: _Seen | None = None
    pictures = zip(
        read_frames(render), frames_in_order(clip, timeline.target_frame.tolist()), strict=True
    )
    for number, (frame, untouched) in enumerate(pictures):
        raw, smooth = rows.of(int(timeline.target_frame[number]))
        # The face that was replaced, whoever else is in the picture.
        points = None if smooth is None else landmarker.observe(frame, near=smooth).points
        seen = _Seen(frame, untouched, smooth)
        found.mouth.append(float("nan") if points is None else mouth_opening(points))
        found.stable.append(stable_points(points))
        found.stable_untouched.append(stable_points(raw))
        found.joins.look(number, frame, untouched)
        if number < CONTROL_FRAMES:
            found.first_frames.append(untouched)
            found.first_regions.append(outside_region(size, _present(smooth), label))
        if number % every_frames == 0:
            region = outside_region(size, _present(smooth, points), label)
            control = len(found.samples) % CONTROL_EVERY_SAMPLES == 0
            sample = Sample(
                number,
                None if points is None else encoder.embed(frame, points),
                smooth is not None,
                None if smooth is None or not control else encoder.embed(untouched, smooth),
                differences(frame, untouched, region),
            )
            if smooth is not None:
                sample.detail = detail(frame, untouched, smooth, region)
            if before is not None and _runs_on(timeline, number):
                sample.warp, sample.warp_untouched = _warp_errors(before, seen)
            found.samples.append(sample)
        before = seen
        if number in shown:
            found.pictures.append((number, untouched, frame))
    return found


@dataclass(frozen=True)
class _Seen:
    """Both pictures of a frame, and the footage's face in them."""

    render: Frame
    untouched: Frame
    face: NDArray[Any] | None


def _runs_on(timeline: Timeline, number: int) -> bool:
    """Tell whether a frame follows the one before in the footage too: no jump of a loop."""
    shown = timeline.target_frame
    return abs(int(shown[number]) - int(shown[number - 1])) == 1


def _warp_errors(before: _Seen, after: _Seen) -> tuple[WarpError, WarpError]:
    """Of the render and of the footage, inside the footage's face."""
    if before.face is None or after.face is None:
        return NOTHING, NOTHING
    return (
        warp_error(before.render, after.render, before.face),
        warp_error(before.untouched, after.untouched, before.face),
    )


def _check(render: Path, clip: Path, timeline: Timeline) -> None:
    frames = count_frames(render)
    if frames != timeline.frames:
        raise MediaError(
            f"{render}: holds {frames} frames, but its timeline has {timeline.frames}. Delete it "
            "and run again."
        )
    if frame_size(render) != frame_size(clip):
        raise MediaError(f"{render}: is not of the size of its footage {clip}. Run it again.")


def _present(*faces: NDArray[Any] | None) -> Iterator[NDArray[Any]]:
    return (points for points in faces if points is not None)


def _even_spread(frames: int, count: int) -> Mapping[int, None]:
    middle = (np.arange(min(count, frames)) + 0.5) / min(count, frames) * frames
    return dict.fromkeys(int(m) for m in middle)


class _Rows:
    """Points of the footage's faces, read in blocks so that memory stays flat."""

    def __init__(self, faces: Path) -> None:
        self._faces = faces
        self._block: tuple[int, FaceTrack] | None = None

    def of(self, number: int) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        """Return (unsmoothed, smoothed) points of a frame, or None and None."""
        block = number // ROWS_AT_ONCE
        if self._block is None or self._block[0] != block:
            start = block * ROWS_AT_ONCE
            self._block = block, read_faces(self._faces, start, start + ROWS_AT_ONCE)
        track, row = self._block[1], number % ROWS_AT_ONCE
        if row >= len(track) or not track.present[row]:
            return None, None
        return track.points_raw[row], track.points[row]
