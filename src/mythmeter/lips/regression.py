"""From audio features to mouth shapes: principal components and kernel ridge regression."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK_ROWS = 512
"""Rows that are predicted at a time, each against every example."""


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
class KernelRidge:
    """Kernel ridge regression with a Gaussian kernel (Saunders, Gammerman and Vovk 1998).

    The width is the median squared distance between the examples; features are scaled to unit
    variance and targets are centred, so far from every example the prediction is their mean.
    """

    examples: Array
    weights: Array
    centre: Array
    scale: Array
    width: float
    target_mean: Array

    @classmethod
    def fit(cls, features: Array, targets: Array, ridge: float) -> "KernelRidge":
        """Fit features (n, f) to targets (n, k); `ridge` is λ, relative to a kernel of height 1."""
        centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
        examples = (features - centre) / scale
        kernel = _squared_distances(examples, examples)
        width = max(float(np.median(kernel)), 1e-9)
        # In place: of 2000 examples each copy takes 32 MB.
        kernel /= -width
        np.exp(kernel, out=kernel)
        kernel[np.diag_indices_from(kernel)] += ridge
        mean = targets.mean(axis=0)
        weights = np.linalg.solve(kernel, targets - mean)
        return cls(examples, weights, centre, scale, width, mean)

    def predict(self, features: Array) -> Array:
        """Targets (t, k) for features (t, f)."""
        predicted = np.empty((len(features), self.weights.shape[1]))
        for start in range(0, len(features), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            scaled = (features[block] - self.centre) / self.scale
            kernel = np.exp(-_squared_distances(scaled, self.examples) / self.width)
            predicted[block] = kernel @ self.weights + self.target_mean
        return predicted


def _squared_distances(left: Array, right: Array) -> Array:
    """Squared Euclidean distances (n, m) between rows."""
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1)[None]
    squares -= 2 * left @ right.T
    return np.maximum(squares, 0, out=squares)
