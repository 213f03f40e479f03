"""Every face of a clip, followed from frame to frame in tracklets.

A *tracklet* is one face seen without a break: it ends at a cut, at a loss, at a jump, and where two
faces come so close that one may be taken for the other. Who it shows is decided later, by identity
(`mythmeter.faces.lock`). Between detections each face is followed from its own points; how many
frames lie between two detections follows from the drift that the last detection found.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.landmarks.detector import Detection
from mythmeter.faces.landmarks.protocol import Landmarker, Observation
from mythmeter.faces.mesh import OVAL

FINE_EVERY_FRAMES: Final = 10
"""While no face is seen, how often the detector also looks for small ones."""
MAX_FACES: Final = 6
JUMP: Final = 0.5
"""A face that moves by more than this part of its size in one frame is another one."""
TOUCHING: Final = 0.15
"""Overlap (intersection over union) of two faces from which they may be confused."""
SAME_PLACE: Final = 0.15
"""Two meshes nearer than this part of the face's size lie on one face."""
FIRST_STEP: Final = 4
DRIFT_LOW: Final = 0.01
"""Drift, over the face's size, below which the step between detections is doubled."""
DRIFT_HIGH: Final = 0.03
"""Drift above which the step is halved and the detection's points are taken."""


@dataclass(frozen=True)
class Sighting:
    """One face in one frame."""

    tracklet: int
    seen: Observation


@dataclass
class _Track:
    tracklet: int
    seen: Observation
    touching: bool = False

    @property
    def points(self) -> NDArray[Any]:
        points: NDArray[Any] = self.seen.points
        return points


@dataclass
class Drift:
    """What detections found, and how often they were made."""

    measured: list[float] = field(default_factory=list)
    """Mean distance between followed and freshly fitted points, over the face's size."""
    steps: list[int] = field(default_factory=list)
    """Frames between two detections while a face was followed."""


class Follower:
    """Follows all faces of a clip; give it each frame once, in order."""

    def __init__(self, landmarker: Landmarker, max_step: int) -> None:
        self._landmarker = landmarker
        self._tracks: list[_Track] = []
        self._max_step = max(1, max_step)
        self._step = min(FIRST_STEP, self._max_step)
        self._since_detection = 0
        self._frames_lost = 0
        self._tracklets = 0
        self.drift = Drift()
        self.reason = "no face detected"
        """Why the last frame showed no face."""

    def observe(self, frame: NDArray[np.uint8], *, cut_here: bool = False) -> list[Sighting]:
        """Return the faces of the next frame, at most one a tracklet."""
        self.reason = "no face detected"
        before = len(self._tracks)
        if cut_here:
            self._tracks, self._step = [], min(FIRST_STEP, self._max_step)
        self._tracks = [t for t in self._tracks if self._carry_on(t, frame)]
        self._since_detection += 1
        lost = len(self._tracks) < before or not self._tracks
        if lost or self._since_detection >= self._step:
            self._detect(frame)
        self._separate()
        self._frames_lost = 0 if self._tracks else self._frames_lost + 1
        return [Sighting(t.tracklet, t.seen) for t in self._tracks]

    def _carry_on(self, track: _Track, frame: NDArray[np.uint8]) -> bool:
        seen = self._landmarker.fit(frame, track.points)
        if seen.points is None:
            return False
        if jumped(track.points, seen.points):
            track.tracklet = self._new_tracklet()
        track.seen = seen
        return True

    def _detect(self, frame: NDArray[np.uint8]) -> None:
        if self._tracks:
            self.drift.steps.append(self._since_detection)
        self._since_detection = 0
        fine = not self._tracks and self._frames_lost % FINE_EVERY_FRAMES == 0
        # While a face is followed the detector is asked rarely, and then it looks everywhere.
        everywhere = bool(self._tracks) or fine
        found = self._landmarker.detect(frame, fine=fine, every_view=everywhere)
        for detection in found[:MAX_FACES]:
            known = next((t for t in self._tracks if _holds(t.points, detection)), None)
            seen = self._landmarker.fit(frame, detection)
            if known is not None:
                self._measure(known, seen)
            elif seen.points is None:
                self.reason = str(seen.reason)
            elif len(self._tracks) < MAX_FACES:
                self._tracks.append(_Track(self._new_tracklet(), seen))

    def _measure(self, track: _Track, fresh: Observation) -> None:
        """Compare a followed face to the same one detected anew, and choose the next step."""
        if fresh.points is None:
            return
        apart = np.linalg.norm(fresh.points[:, :2] - track.points[:, :2], axis=1).mean()
        drift = float(apart) / _size(track.points)
        self.drift.measured.append(drift)
        if drift > DRIFT_HIGH:
            self._step = max(1, self._step // 2)
            track.seen = fresh
        elif drift < DRIFT_LOW:
            self._step = min(2 * self._step, self._max_step)

    def _separate(self) -> None:
        """Drop meshes that lie on one face, and begin anew where faces touch or part."""
        kept: list[_Track] = []
        for track in self._tracks:
            twin = next((t for t in kept if _same_place(t.points, track.points)), None)
            if twin is None:
                kept.append(track)
            else:
                twin.tracklet = self._new_tracklet()
        self._tracks = kept
        for track in kept:
            others = (t for t in kept if t is not track)
            touching = any(
                overlap(box_of(track.points), box_of(t.points)) > TOUCHING for t in others
            )
            if touching != track.touching:
                track.tracklet, track.touching = self._new_tracklet(), touching

    def _new_tracklet(self) -> int:
        self._tracklets += 1
        return self._tracklets - 1


def jumped(before: NDArray[Any], after: NDArray[Any]) -> bool:
    """Whether points (468, 2 or 3) of two neighbouring frames cannot be one continuous face."""
    low, high = box_of(before).reshape(2, 2)
    new_low, new_high = box_of(after).reshape(2, 2)
    size = float((high - low).max())
    moved = float(np.abs((new_low + new_high) - (low + high)).max()) / 2
    grown = abs(float((new_high - new_low).max()) - size)
    return max(moved, grown) > JUMP * size


def box_of(points: NDArray[Any]) -> NDArray[np.float32]:
    """Box (left, top, right, bottom) of the face's outline."""
    outline = np.asarray(points, np.float32)[list(OVAL), :2]
    return np.concatenate([outline.min(axis=0), outline.max(axis=0)])


def overlap(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Intersection over union of two boxes."""
    shared = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    both = (one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - shared.prod()
    return float(shared.prod() / max(float(both), 1e-9))


def _size(points: NDArray[Any]) -> float:
    box = box_of(points)
    return max(float((box[2:] - box[:2]).max()), 1.0)


def _holds(points: NDArray[Any], detection: Detection) -> bool:
    box = box_of(points)
    centre = (detection.box[:2] + detection.box[2:]) / 2
    return bool((centre > box[:2]).all() and (centre < box[2:]).all())


def _same_place(one: NDArray[Any], other: NDArray[Any]) -> bool:
    apart = float(np.linalg.norm(one[:, :2] - other[:, :2], axis=1).mean())
    return apart < SAME_PLACE * min(_size(one), _size(other))
