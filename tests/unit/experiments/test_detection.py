"""Detection in every k-th frame: which frames are detected anew, and how far points drift."""

from types import SimpleNamespace

import numpy as np
import pytest

from mythmeter.errors import FaceError
from mythmeter.experiments.detection import Detection, points_detected_every
from mythmeter.faces.landmarks.protocol import Observation


class Drifting:
    """A landmarker whose face moves 1 px a frame, and which follows it half as fast."""

    def __init__(self):
        self.detected = []

    def detect(self, frame, **_):
        self.detected.append(frame)
        return [SimpleNamespace(at=float(frame))]

    def fit(self, frame, start):
        if hasattr(start, "at"):
            return Observation(points=np.full((468, 3), start.at, np.float32))
        return Observation(points=start + 0.5)


def test_every_kth_frame_is_detected_and_the_others_follow():
    landmarker = Drifting()
    points = points_detected_every(landmarker, list(range(7)), 3)
    assert landmarker.detected == [0, 3, 6]
    assert [p[0, 0] for p in points] == [0.0, 0.5, 1.0, 3.0, 3.5, 4.0, 6.0]


def test_a_frame_without_a_face_is_refused():
    nothing = SimpleNamespace(detect=lambda frame: [])
    with pytest.raises(FaceError, match="Frame 0 of the segment shows no face"):
        points_detected_every(nothing, [0], 1)


def test_drift_is_the_mean_distance_from_the_base_in_pixels():
    base = points_detected_every(Drifting(), list(range(3)), 1)
    changed = points_detected_every(Drifting(), list(range(3)), 3)
    found = Detection.quality(SimpleNamespace(), base, changed)
    # 0, 0.5 and 1 px in x and in y.
    assert found.changed == pytest.approx(np.sqrt(2) * 0.5)
    assert (found.base, found.unit) == (0.0, "px")
