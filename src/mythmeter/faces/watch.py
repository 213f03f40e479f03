"""One pass over a clip: all faces, hands near them, cuts, and samples of whose faces they are."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import crop_matrix, cut
from mythmeter.faces.cuts import CutDetector
from mythmeter.faces.follow import Drift, Follower, Sighting
from mythmeter.faces.hands import Hand, HandsOfFrames, HandTracker
from mythmeter.faces.identity import FaceEncoder
from mythmeter.faces.landmarks.protocol import Landmarker
from mythmeter.faces.lock import Sample
from mythmeter.faces.sightings import Sightings
from mythmeter.media.steps import LumaSteps

DETECT_AT_LEAST_S: Final = 1.0
"""The longest step between two detections."""
SAMPLE_ALONE_S: Final = 4.0
"""Between identity samples of a tracklet while nobody else was seen."""
SAMPLE_AMONG_OTHERS_S: Final = 1.0
MAX_SAMPLE_YAW_DEG: Final = 45.0
SHARPNESS_PX: Final = 96


@dataclass
class Watched:
    """What one pass found beside the sightings themselves."""

    frames: int = 0
    hands: HandsOfFrames = field(default_factory=HandsOfFrames)
    """Of each frame."""
    cuts: list[int] = field(default_factory=list)
    """Frames that begin a new shot."""
    reasons: list[str] = field(default_factory=list)
    """Of each frame: why it shows no face, where it shows none."""
    samples: list[Sample] = field(default_factory=list)
    luma_step: "array[float]" = field(default_factory=lambda: array("f"))
    """Of each frame: how much it differs from the one before; NaN in the first."""
    drift: Drift = field(default_factory=Drift)


def watch(
    frames: Iterable[NDArray[np.uint8]],
    rate: Fraction,
    *,
    landmarker: Landmarker,
    hands: HandTracker,
    encoder: FaceEncoder,
    sightings: Sightings,
    sample_every_s: float | None = None,
) -> Watched:
    """Look at every frame of a clip once; sightings are appended, the rest is returned.

    `sample_every_s` is the time between identity samples where the usual ones are too few.
    """
    follower = Follower(landmarker, max_step=round(DETECT_AT_LEAST_S * rate))
    cuts, found = CutDetector(rate), Watched(drift=follower.drift)
    sampler, steps = _Sampler(float(rate), sample_every_s), LumaSteps()
    for number, frame in enumerate(frames):
        found.luma_step.append(steps.step(frame))
        begins = cuts.begins_shot(frame)
        if begins:
            found.cuts.append(number)
        seen = follower.observe(frame, cut_here=begins)
        rows = [sightings.append(number, s, sharpness(frame, s.seen.points)) for s in seen]
        boxes = [sightings.index["box"][row] for row in rows]
        near = hands.observe(frame, boxes, cut_here=begins)
        found.hands.append(near)
        found.reasons.append(follower.reason)
        for row, sighting in zip(rows, seen, strict=True):
            yaw = float(sightings.index["yaw_deg"][row])
            clear = abs(yaw) < MAX_SAMPLE_YAW_DEG and not _covered(near, sightings, row)
            if sampler.wants(number, sighting, clear=clear, alone=len(seen) == 1):
                embedding = encoder.embed(frame, sighting.seen.points)
                found.samples.append(Sample(row, embedding))
        found.frames += 1
    return found


def sharpness(frame: NDArray[np.uint8], points: NDArray[Any]) -> float:
    """Contrast of the smallest details of a face over that of the whole: falls with blur.

    Measured on the face at 96 pixels, so that it does not depend on its size in the frame.
    """
    picture = cut(frame, crop_matrix(points, SHARPNESS_PX, margin=0.9), SHARPNESS_PX)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std() / (grey.std() + 4))


def _covered(hands: list[Hand], sightings: Sightings, row: int) -> bool:
    """Whether a hand reaches into the box of a face."""
    box = sightings.index["box"][row]
    return any(((h > box[:2]) & (h < box[2:])).all(axis=1).any() for h in hands)


class _Sampler:
    """Says which sightings to embed: some of each tracklet, from the front and uncovered."""

    def __init__(self, rate: float, every_s: float | None) -> None:
        self._rate = rate
        self._every_s = every_s
        self._last: dict[int, int] = {}
        self._others_seen = False

    def wants(self, frame: int, sighting: Sighting, *, clear: bool, alone: bool) -> bool:
        """Whether to embed this sighting; a yes is remembered."""
        self._others_seen |= not alone
        usual = SAMPLE_AMONG_OTHERS_S if self._others_seen else SAMPLE_ALONE_S
        every = self._every_s or usual
        last = self._last.get(sighting.tracklet)
        due = last is None or frame - last >= every * self._rate
        if not due or not clear:
            return False
        self._last[sighting.tracklet] = frame
        return True
