"""Whether the visible label stands in a picture: measured, with a control."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.render.label import Label

THRESHOLD = 0.5
"""Least correlation that counts as present; see docs/provenance.md for what was measured."""


class LabelMeter:
    """Correlates the edges of pictures with those of the label that should stand in them.

    A plate darkens whatever lies behind it, so brightness says little; where the letters' edges
    are, and which way they face, says all. The score is the normalised correlation of the
    brightness gradients with those of the label: 1 for the label on a plain ground, 0 for
    unrelated edges.

    Args:
        label: the expected label, drawn for pictures of this size.
        height: of the pictures, in pixels.
    """

    def __init__(self, label: Label, height: int) -> None:
        self._box = label.box
        rows, columns = label.box
        # The same distance from the foot as the label has from the head; they never overlap.
        self._control_box = slice(height - rows.stop, height - rows.start), columns
        self._expected = _gradients(label.coverage)

    def score(self, luma: NDArray[np.uint8]) -> float:
        """Return the score of one picture (height, width)."""
        return self._correlation(luma[self._box])

    def control(self, luma: NDArray[np.uint8]) -> float:
        """Return the score of the foot of the picture, where there is no label."""
        return self._correlation(luma[self._control_box])

    def _correlation(self, region: NDArray[np.uint8]) -> float:
        found = _gradients(region.astype(np.float32))
        norms = float(np.linalg.norm(found) * np.linalg.norm(self._expected))
        return float((found * self._expected).sum()) / norms if norms > 0 else 0.0


def _gradients(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (2, height, width): Sobel gradients to the right and downwards."""
    return np.stack([cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)])
