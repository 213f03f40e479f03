"""The part of a frame that a model looks at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Region:
    """A rotated square of the frame that a model looks at."""

    centre: NDArray[np.float64]
    side_px: float
    angle: float
    """Radians, clockwise as seen."""

    def holds(self, place: NDArray[np.float64]) -> bool:
        """Whether a place (x, y) lies in the square, its angle set aside."""
        return bool(np.abs(place - self.centre).max() < self.side_px / 2)

    def matrix(self, model_px: int, *, mirrored: bool = False) -> NDArray[np.float64]:
        """(2, 3): frame pixels to the model's input pixels."""
        scale = model_px / self.side_px
        cos, sin = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        linear = np.array([[cos, sin], [-sin, cos]])
        if mirrored:
            linear[0] *= -1
        middle = (model_px - 1) / 2
        return np.column_stack([linear, middle - linear @ self.centre])
