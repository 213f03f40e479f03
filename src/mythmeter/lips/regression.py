"""From audio features to mouth shapes: principal components and kernel ridge regression."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mythmeter.swap.regression import KernelRidge

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ShapeSpace:
    """Principal components of mouth shapes.

    Attributes:
        mean: (d,) mean shape.
        components: (k, d) orthonormal directions.
        deviation: total standard deviation of the codes, the unit of distance between shapes.
        limits: (2, k) lowest and highest code seen.
    """

    mean: Array
    components: Array
    deviation: float
    limits: Array

    @classmethod
    def fit(cls, shapes: Array, components: int) -> "ShapeSpace":
        """Fit to shapes (n, d); keeps at most `components` directions."""
        mean = shapes.mean(axis=0)
        _, _, directions = np.linalg.svd(shapes - mean, full_matrices=False)
        kept = directions[:components]
        codes = (shapes - mean) @ kept.T
        limits = np.stack([codes.min(axis=0), codes.max(axis=0)])
        deviation = float(np.sqrt(codes.var(axis=0).sum()))
        return cls(mean, kept, max(deviation, 1e-9), limits)

    def encode(self, shapes: Array) -> Array:
        """Codes (n, k) of shapes (n, d)."""
        return (shapes - self.mean) @ self.components.T

    def decode(self, codes: Array) -> Array:
        """Shapes (n, d) of codes (n, k)."""
        return codes @ self.components + self.mean

    def clamp(self, codes: Array, margin: float = 0.15) -> Array:
        """Hold codes within what was seen, plus a margin of its range."""
        spread = (self.limits[1] - self.limits[0]) * margin
        return np.clip(codes, self.limits[0] - spread, self.limits[1] + spread)


@dataclass(frozen=True)
class ShapeRegression:
    """Kernel ridge regression from features of unlike units to centred targets.

    Features are scaled to unit variance and targets are centred, so far from every example the
    prediction is their mean.
    """

    ridge: KernelRidge
    centre: Array
    scale: Array
    target_mean: Array

    @classmethod
    def fit(cls, features: Array, targets: Array, ridge: float) -> "ShapeRegression":
        """Fit features (n, f) to targets (n, k); `ridge` as in `KernelRidge.fit`."""
        centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
        mean = targets.mean(axis=0)
        examples = ((features - centre) / scale).astype(np.float32)
        centred = (targets - mean).astype(np.float32)
        fitted = KernelRidge.fit(examples, centred, ridge=ridge, narrowness=1.0)
        return cls(fitted, centre, scale, mean)

    def predict(self, features: Array) -> Array:
        """Targets (t, k) for features (t, f)."""
        scaled = ((features - self.centre) / self.scale).astype(np.float32)
        return self.ridge.predict(scaled) + self.target_mean
