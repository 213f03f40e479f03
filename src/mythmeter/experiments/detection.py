"""Variants of tracking: a detection in every k-th frame, the face followed in between."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.experiments.bench import Quality
from mythmeter.experiments.files import Material, Scale
from mythmeter.faces.follow import Follower
from mythmeter.faces.landmarks.protocol import Landmarker, load_landmarker
from mythmeter.faces.watch import DETECT_AT_LEAST_S
from mythmeter.media.decode import count_frames, frame_rate, read_frames
from mythmeter.media.segment import segment_frames

Points = NDArray[np.float32]

ADAPTIVE = "adaptive"
"""The setting that ships: the step between detections follows from the drift that they find."""


class Detection:
    """Settings: how many frames lie between two detections (`1`: one in each), or `adaptive`."""

    def __init__(self, material: Material, scale: Scale) -> None:
        rate = frame_rate(material.clip)
        end_s = scale.start_s + scale.segment_s
        first, stop = segment_frames(scale.start_s, end_s, rate, count_frames(material.clip))
        self._frames = list(read_frames(material.clip, first, stop))
        self._longest = round(DETECT_AT_LEAST_S * rate)
        self._landmarker = load_landmarker(scale.landmarks, material.models)
        self.unit = f"{len(self._frames)} frames of {self._frames[0].shape[1]} pixels"

    def ready(self, setting: str) -> Callable[[], list[Points]]:
        """Return the work: points of every frame."""
        if setting == ADAPTIVE:
            return self._followed
        step = int(setting)
        return lambda: points_detected_every(self._landmarker, self._frames, step)

    def _followed(self) -> list[Points]:
        follower = Follower(self._landmarker, self._longest)
        points = []
        for frame in self._frames:
            seen = follower.observe(frame)
            if not seen:
                raise FaceError(f"The follower lost the face: {follower.reason}.")
            points.append(seen[0].seen.points)
        return points

    def quality(self, base: list[Points], changed: list[Points]) -> Quality:
        """Mean distance of the points from those of a detection in every frame."""
        apart = [
            np.linalg.norm(a[:, :2] - b[:, :2], axis=1).mean()
            for a, b in zip(base, changed, strict=True)
        ]
        return Quality(
            "landmark_drift",
            "px",
            0.0,
            float(np.mean(apart)),
            "mean distance of 468 points from those of the base, which is 0 by definition",
        )


def points_detected_every(landmarker: Landmarker, frames: list[Any], step: int) -> list[Points]:
    """Fit a face from a fresh detection in every `step`-th frame, from its last points in others.

    Raises:
        FaceError: a frame shows no face.
    """
    points: list[Points] = []
    for number, frame in enumerate(frames):
        start: Any = points[-1] if points else None
        if number % step == 0:
            found = landmarker.detect(frame)
            start = found[0] if found else start
        seen = None if start is None else landmarker.fit(frame, start)
        if seen is None or seen.points is None:
            raise FaceError(f"Frame {number} of the segment shows no face. Choose another segment.")
        points.append(seen.points)
    return points
