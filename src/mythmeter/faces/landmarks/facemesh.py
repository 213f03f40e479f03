"""The 468-point face mesh with a tracked region, its eyelids from the iris model.

Sources: Kartynnik et al. 2019, arXiv:1907.06724 (mesh); Ablavatski et al. 2020, arXiv:2006.11341
(eye contours). The region of a frame comes from the points of the frame before; the detector is
asked only at the start and after a loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import cut, invert, transform
from mythmeter.faces.landmarks.detector import Detection, Detector
from mythmeter.faces.landmarks.protocol import Observation
from mythmeter.faces.landmarks.tflite import TfliteModel
from mythmeter.faces.mesh import (
    EYE_LEFT_INNER,
    EYE_LEFT_OUTER,
    EYE_RIGHT_INNER,
    EYE_RIGHT_OUTER,
    MIRROR,
)

MIN_SCORE: Final = 0.5
"""Of the mesh, to stay with a face."""
MIN_SCORE_NEW: Final = 0.9
"""Of the mesh, to believe a detection."""
FINE_EVERY_FRAMES: Final = 10
"""While no face is seen, how often the detector also looks for small ones."""

# Points of the mesh that the iris model's contour refines, in its order, for the subject's right
# eye: lower lid, upper lid, then the first ring round them.
_RING_1: Final = (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173)
_RING_2: Final = (130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190)
_CONTOUR_RIGHT: Final = np.array(_RING_1 + _RING_2)
_CONTOUR_LEFT: Final = MIRROR[_CONTOUR_RIGHT]


@dataclass(frozen=True)
class Region:
    """A rotated square of the frame that a model looks at."""

    centre: NDArray[np.float64]
    side_px: float
    angle: float
    """Radians, clockwise as seen."""

    def matrix(self, model_px: int, *, mirrored: bool = False) -> NDArray[np.float64]:
        """(2, 3): frame pixels to the model's input pixels."""
        scale = model_px / self.side_px
        cos, sin = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        linear = np.array([[cos, sin], [-sin, cos]])
        if mirrored:
            linear[0] *= -1
        middle = (model_px - 1) / 2
        return np.column_stack([linear, middle - linear @ self.centre])


class FaceMesh:
    """Follows the most prominent face of a clip."""

    def __init__(self, models: Mapping[str, Path]) -> None:
        """Load the assets `face_detector`, `face_mesh` and `iris`."""
        self._detector = Detector(models["face_detector"])
        self._mesh = TfliteModel(models["face_mesh"])
        self._iris = TfliteModel(models["iris"])
        self._region: Region | None = None
        self._last_region: Region | None = None
        self._frames_lost = 0

    def observe(self, frame: NDArray[np.uint8]) -> Observation:
        """Look at the next frame; detect where there is no region to carry on from."""
        if self._region is not None:
            points, score = self._fit(frame, self._region)
            if score >= MIN_SCORE:
                return self._seen(frame, points, score)
        region = self._detected(frame)
        if region is None:
            return self._lost("no face detected")
        # The detector's region is rough: the second pass starts from the points of the first.
        points, _ = self._fit(frame, region)
        points, score = self._fit(frame, _around(points))
        if score < MIN_SCORE_NEW:
            return self._lost("a face was detected, but no mesh fits it", score)
        return self._seen(frame, points, score)

    def _seen(self, frame: NDArray[np.uint8], points: NDArray[Any], score: float) -> Observation:
        self._region = self._last_region = _around(points)
        self._frames_lost = 0
        return Observation(points=self._with_eyelids(frame, points), score=score)

    def _lost(self, reason: str, score: float | None = None) -> Observation:
        self._region = None
        self._frames_lost += 1
        return Observation(reason=reason, score=score)

    def _detected(self, frame: NDArray[np.uint8]) -> Region | None:
        fine = self._frames_lost % FINE_EVERY_FRAMES == 0
        found = self._detector.find(frame, fine=fine)
        return _of_detection(max(found, key=self._prominence)) if found else None

    def _prominence(self, detection: Detection) -> float:
        """Confident, large, and best where the face was before it was lost."""
        low, high = detection.box[:2], detection.box[2:]
        prominence = detection.score * float((high - low).max())
        if self._last_region is not None:
            off = np.abs((low + high) / 2 - self._last_region.centre)
            if off.max() < self._last_region.side_px / 2:
                prominence *= 2
        return prominence

    def _fit(self, frame: NDArray[np.uint8], region: Region) -> tuple[NDArray[np.float32], float]:
        side = self._mesh.side_px
        matrix = region.matrix(side)
        values, logit = self._mesh(_look(frame, matrix, side))
        local = values.reshape(-1, 3)
        depth = local[:, 2:] * (region.side_px / side)
        points = np.concatenate([transform(local, invert(matrix)), depth], axis=1)
        return points.astype(np.float32), float(1 / (1 + np.exp(-logit.ravel()[0])))

    def _with_eyelids(
        self, frame: NDArray[np.uint8], points: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        refined = points.copy()
        for outer, inner, contour, mirrored in (
            (EYE_RIGHT_OUTER, EYE_RIGHT_INNER, _CONTOUR_RIGHT, False),
            (EYE_LEFT_OUTER, EYE_LEFT_INNER, _CONTOUR_LEFT, True),
        ):
            refined[contour, :2] = self._eye(frame, points[outer], points[inner], mirrored)
        return refined

    def _eye(
        self,
        frame: NDArray[np.uint8],
        outer: NDArray[Any],
        inner: NDArray[Any],
        mirrored: bool,
    ) -> NDArray[np.float64]:
        """Refined contour, (32, 2) frame pixels. The left eye is shown mirrored, as a right one."""
        across = (outer - inner if mirrored else inner - outer)[:2].astype(np.float64)
        region = Region(
            centre=(outer[:2] + inner[:2]).astype(np.float64) / 2,
            side_px=2.3 * max(float(np.hypot(*across)), 1.0),
            angle=float(np.arctan2(across[1], across[0])),
        )
        side = self._iris.side_px
        matrix = region.matrix(side, mirrored=mirrored)
        contour, _ = self._iris(_look(frame, matrix, side))
        return transform(contour.reshape(-1, 3)[: len(_CONTOUR_RIGHT)], invert(matrix))


def _look(
    frame: NDArray[np.uint8], matrix: NDArray[np.float64], side_px: int
) -> NDArray[np.float32]:
    """What a model sees, 0..1."""
    picture = cut(frame, matrix, side_px, cv2.INTER_LINEAR)
    return np.asarray(picture, np.float32) * np.float32(1 / 255)


def _of_detection(detection: Detection) -> Region:
    across = detection.eyes[1] - detection.eyes[0]
    low, high = detection.box[:2], detection.box[2:]
    return Region(
        centre=(low + high) / 2,
        side_px=1.5 * max(float((high - low).max()), 1.0),
        angle=float(np.arctan2(across[1], across[0])),
    )


def _around(points: NDArray[Any]) -> Region:
    """The region of the next frame: the box of these points, upright on the line of the eyes."""
    across = points[EYE_LEFT_OUTER, :2] - points[EYE_RIGHT_OUTER, :2]
    angle = float(np.arctan2(across[1], across[0]))
    turn = cv2.getRotationMatrix2D((0.0, 0.0), np.degrees(angle), 1.0)
    upright = transform(points, turn)
    low, high = upright.min(axis=0), upright.max(axis=0)
    return Region(
        centre=transform((low + high) / 2, invert(turn)),
        side_px=1.5 * max(float((high - low).max()), 1.0),
        angle=angle,
    )
