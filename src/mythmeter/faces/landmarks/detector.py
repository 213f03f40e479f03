"""BlazeFace short-range detector (Bazarevsky et al. 2019, arXiv:1907.05047)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.landmarks.tflite import TfliteModel

MIN_SCORE = 0.6
MIN_SCORE_CLOSER = 0.8
"""In parts of the picture, where knuckles and door handles look more like faces."""
_OVERLAP = 0.3


@dataclass(frozen=True)
class Detection:
    """One face; coordinates in frame pixels."""

    score: float
    box: NDArray[np.float64]
    """(4,) left, top, right, bottom."""
    eyes: NDArray[np.float64]
    """(2, 2) centre of the eye on the image's left, then on its right."""


class Detector:
    """Finds faces in one picture.

    The model sees 128 by 128 pixels, where a face below about a fifth of the picture is lost.
    `find` therefore looks at the whole picture, then at overlapping squares as high as it is, and
    on request at squares half as high.
    """

    def __init__(self, path: Path) -> None:
        self._model = TfliteModel(path)
        self._anchors = anchors(self._model.side_px)

    def find(
        self, frame: NDArray[np.uint8], *, fine: bool = False, every_view: bool = False
    ) -> list[Detection]:
        """Return faces, best first: of the first of these views that shows any, or of all views."""
        least, all_found = MIN_SCORE, []
        for views in _views(frame.shape[1], frame.shape[0], fine=fine):
            found = [d for view in views for d in self._find_in(frame, view, least)]
            least = MIN_SCORE_CLOSER
            all_found += found
            if found and not every_view:
                break
        return _distinct(sorted(all_found, key=lambda d: -d.score))

    def _find_in(
        self, frame: NDArray[np.uint8], view: tuple[int, int, int, int], least: float
    ) -> list[Detection]:
        left, top, right, bottom = view
        part, side = frame[top:bottom, left:right], self._model.side_px
        scale = side / max(part.shape[:2])
        width, height = (max(1, round(part.shape[i] * scale)) for i in (1, 0))
        square = np.zeros((side, side, 3), np.uint8)
        pad_x, pad_y = (side - width) // 2, (side - height) // 2
        square[pad_y : pad_y + height, pad_x : pad_x + width] = cv2.resize(
            part, (width, height), interpolation=cv2.INTER_AREA
        )
        boxes, logits = self._model(square.astype(np.float32) / 127.5 - 1)
        scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -80, 80)))
        kept = scores > least
        # Four numbers of a box (centre and size), then six key points, eyes first.
        values = boxes[kept].reshape(-1, 8, 2).astype(np.float64) / side
        centres = values[:, 0] + self._anchors[kept]
        corners = np.concatenate([centres - values[:, 1] / 2, centres + values[:, 1] / 2], axis=1)
        eyes = values[:, 2:4] + self._anchors[kept][:, None]
        shift = np.array([left, top], np.float64)
        corners = (corners.reshape(-1, 2, 2) * side - [pad_x, pad_y]) / scale + shift
        eyes = (eyes * side - [pad_x, pad_y]) / scale + shift
        return _merged(scores[kept], corners.reshape(-1, 4), eyes)


def anchors(side_px: int) -> NDArray[np.float64]:
    """Centres of the prior boxes of MediaPipe's detectors: two a cell of 8 pixels, six of 16."""
    centres = []
    for stride, repeats in ((8, 2), (16, 6)):
        cells = side_px // stride
        y, x = np.divmod(np.repeat(np.arange(cells * cells), repeats), cells)
        centres.append((np.column_stack([x, y]) + 0.5) / cells)
    return np.concatenate(centres)


def _views(width: int, height: int, *, fine: bool) -> Iterator[list[tuple[int, int, int, int]]]:
    """Rounds of views (left, top, right, bottom), each covering the picture more closely."""
    yield [(0, 0, width, height)]
    shorter = min(width, height)
    if max(width, height) > 1.2 * shorter:
        yield list(_squares(width, height, shorter))
    if fine and shorter >= 256:
        yield list(_squares(width, height, shorter // 2))


def _squares(width: int, height: int, side: int) -> Iterator[tuple[int, int, int, int]]:
    """Squares that cover the picture and overlap by at least a third."""
    for top in _starts(height, side):
        for left in _starts(width, side):
            yield left, top, left + side, top + side


def _starts(length: int, side: int) -> list[int]:
    count = 1 + int(np.ceil((length - side) / (side * 2 / 3)))
    return [int(s) for s in np.linspace(0, length - side, count).round()]


def _merged(
    scores: NDArray[Any], boxes: NDArray[np.float64], eyes: NDArray[np.float64]
) -> list[Detection]:
    """Weighted non-maximum suppression: overlapping boxes are averaged by their scores."""
    detections = []
    left = np.argsort(-scores, kind="stable")
    while len(left):
        near = _overlaps(boxes[left[0]], boxes[left]) > _OVERLAP
        near[0] = True
        group, left = left[near], left[~near]
        weights = scores[group] / scores[group].sum()
        detections.append(
            Detection(
                score=float(scores[group[0]]),
                box=weights @ boxes[group],
                eyes=np.tensordot(weights, eyes[group], 1),
            )
        )
    return detections


def _distinct(found: list[Detection]) -> list[Detection]:
    """Leave out what another view already showed with a better score."""
    kept: list[Detection] = []
    for detection in found:
        boxes = np.array([d.box for d in kept]).reshape(-1, 4)
        if not (_overlaps(detection.box, boxes) > _OVERLAP).any():
            kept.append(detection)
    return kept


def _overlaps(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of one box with others."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    overlaps: NDArray[np.float64] = shared / ((box[2:] - box[:2]).prod() + areas - shared + 1e-9)
    return overlaps
