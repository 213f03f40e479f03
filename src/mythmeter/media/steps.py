"""How much a picture differs from the one before it."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

EVERY_PX: Final = 4
"""Every so many rows and columns are looked at. They are not averaged, so grain counts in full."""


class LumaSteps:
    """Measures the step from each frame of a clip, in order, to the next."""

    def __init__(self) -> None:
        self._before: NDArray[np.uint8] | None = None

    def step(self, frame: NDArray[np.uint8]) -> float:
        """Return the mean absolute difference of luma from the frame before, in levels of 255.

        Args:
            frame: (height, width, 3) RGB, of one size throughout.

        Returns:
            NaN for the first frame.
        """
        sampled = np.ascontiguousarray(frame[::EVERY_PX, ::EVERY_PX])
        luma = np.asarray(cv2.cvtColor(sampled, cv2.COLOR_RGB2GRAY))
        before, self._before = self._before, luma
        if before is None:
            return float("nan")
        return float(cv2.absdiff(before, luma).mean())
