"""The 468-point face mesh with a tracked region, its eyelids from the iris model.

Sources: Kartynnik et al. 2019, arXiv:1907.06724 (mesh); Ablavatski et al. 2020, arXiv:2006.11341
(eye contours). The region of a frame comes from the points of the frame before; the detector is
asked only at the start and after a loss.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import cut, invert, transform
from mythmeter.faces.landmarks.detector import Detection, Detector
from mythmeter.faces.landmarks.protocol import Observation
from mythmeter.faces.landmarks.region import Region
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


class FaceMesh:
    """Fits the mesh to any face of a frame, and follows one face through a clip."""

    def __init__(self, models: Mapping[str, Path]) -> None:
        """Load the assets `face_detector`, `face_mesh` and `iris`."""
        self._detector = Detector(models["face_detector"])
        self._mesh = TfliteModel(models["face_mesh"])
        self._iris = TfliteModel(models["iris"])
        self._region: Region | None = None
        self._last_region: Region | None = None
        self._frames_lost = 0

    def detect(
        self, frame: NDArray[np.uint8], *, fine: bool = False, every_view: bool = False
    ) -> list[Detection]:
        """Return the faces that the detector sees, best first."""
        return self._detector.find(frame, fine=fine, every_view=every_view)

    def fit(self, frame: NDArray[np.uint8], start: Detection | NDArray[Any]) -> Observation:
        """Fit one face: from a detection, or from the points (468, 2 or 3) of the frame before."""
        if isinstance(start, Detection):
            # The detector's region is rough: the second pass starts from the points of the first.
            points, _ = self._fit(frame, _of_detection(start))
            points, score = self._fit(frame, _around(points))
            if score < MIN_SCORE_NEW:
                return Observation(reason="a face was detected, but no mesh fits it", score=score)
        else:
            points, score = self._fit(frame, _around(start))
            if score < MIN_SCORE:
                return Observation(reason="no face detected", score=score)
        refined, irises = self._with_eyes(frame, points)
        return Observation(points=refined, score=score, irises=irises)

    def observe(self, frame: NDArray[np.uint8], near: NDArray[Any] | None = None) -> Observation:
        """Look at the next frame; detect where there is no region to carry on from."""
        if near is not None:
            expected = _around(near)
            if self._region is None or not self._region.holds(expected.centre):
                self._region = expected
        if self._region is not None:
            points, score = self._fit(frame, self._region)
            if score >= MIN_SCORE:
                return self._seen(frame, points, score)
        found = self.detect(frame, fine=self._frames_lost % FINE_EVERY_FRAMES == 0)
        if not found:
            return self._lost("no face detected")
        seen = self.fit(frame, max(found, key=self._prominence))
        if seen.points is None:
            return self._lost(str(seen.reason), seen.score)
        self._keep(_around(seen.points))
        return seen

    def _seen(self, frame: NDArray[np.uint8], points: NDArray[Any], score: float) -> Observation:
        self._keep(_around(points))
        refined, irises = self._with_eyes(frame, points)
        return Observation(points=refined, score=score, irises=irises)

    def _keep(self, region: Region) -> None:
        self._region = self._last_region = region
        self._frames_lost = 0

    def _lost(self, reason: str, score: float | None = None) -> Observation:
        self._region = None
        self._frames_lost += 1
        return Observation(reason=reason, score=score)

    def _prominence(self, detection: Detection) -> float:
        """Confident, large, and best where the face was before it was lost."""
        low, high = detection.box[:2], detection.box[2:]
        prominence = detection.score * float((high - low).max())
        if self._last_region is not None and self._last_region.holds((low + high) / 2):
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

    def _with_eyes(
        self, frame: NDArray[np.uint8], points: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Points with refined eyelids, and (10, 2): the irises, the subject's right one first."""
        refined, irises = points.copy(), []
        for outer, inner, contour, mirrored in (
            (EYE_RIGHT_OUTER, EYE_RIGHT_INNER, _CONTOUR_RIGHT, False),
            (EYE_LEFT_OUTER, EYE_LEFT_INNER, _CONTOUR_LEFT, True),
        ):
            lids, iris = self._eye(frame, points[outer], points[inner], mirrored)
            refined[contour, :2] = lids
            irises.append(iris)
        return refined, np.concatenate(irises).astype(np.float32)

    def _eye(
        self,
        frame: NDArray[np.uint8],
        outer: NDArray[Any],
        inner: NDArray[Any],
        mirrored: bool,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Refined contour (32, 2) and iris (5, 2: centre, then its border) in frame pixels.

        The left eye is shown mirrored, as a right one.
        """
        across = (outer - inner if mirrored else inner - outer)[:2].astype(np.float64)
        region = Region(
            centre=(outer[:2] + inner[:2]).astype(np.float64) / 2,
            side_px=2.3 * max(float(np.hypot(*across)), 1.0),
            angle=float(np.arctan2(across[1], across[0])),
        )
        side = self._iris.side_px
        back = invert(region.matrix(side, mirrored=mirrored))
        contour, iris = self._iris(_look(frame, invert(back), side))
        lids = transform(contour.reshape(-1, 3)[: len(_CONTOUR_RIGHT)], back)
        return lids, transform(iris.reshape(-1, 3), back)


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
