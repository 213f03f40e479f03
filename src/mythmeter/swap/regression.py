"""Principal components of textures, and kernel ridge regression onto their codes.

Cootes, Edwards, Taylor, "Active appearance models" (1998), for textures as a linear model in a
shape-free frame; Saunders, Gammerman, Vovk, "Ridge regression learning algorithm in dual
variables" (1998).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Floats = NDArray[np.float32]

BLOCK_COLUMNS = 256
BLOCK_ROWS = 1024
"""Rows that are predicted at a time, each against every known input."""


@dataclass(frozen=True)
class Components:
    """Mean and principal components of a set of vectors: (d,) and (k, d)."""

    mean: Floats
    basis: Floats

    @classmethod
    def fit(cls, samples: Floats, count: int) -> tuple[Self, Floats]:
        """Return the components of (n, d) samples and the samples' codes, (n, k).

        Works on the n × n Gram matrix, since textures have far more values than there are frames.
        `k` is `count`, or less where the samples span fewer dimensions.
        """
        mean = samples.mean(axis=0, dtype=np.float64).astype(np.float32)
        centred = samples - mean
        energy, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
        energy, vectors = energy[::-1], vectors[:, ::-1]
        rank = int((energy > energy[0] * 1e-7).sum()) if energy[0] > 0 else 0
        kept = max(1, min(count, rank))
        scale = np.sqrt(np.maximum(energy[:kept], 1e-12))
        basis = (vectors[:, :kept] / scale).T.astype(np.float32) @ centred
        return cls(mean, basis), (vectors[:, :kept] * scale).astype(np.float32)

    def decode(self, codes: Floats) -> Floats:
        """Return the vectors, (n, d), of codes (n, k)."""
        return codes @ self.basis + self.mean


@dataclass(frozen=True)
class KernelRidge:
    """Ridge regression with a Gaussian kernel: known inputs (n, f), dual weights (n, k)."""

    inputs: Floats
    weights: Floats
    gamma: float

    @classmethod
    def fit(cls, inputs: Floats, targets: Floats, *, ridge: float, narrowness: float = 0.5) -> Self:
        """Fit (n, k) targets to (n, f) inputs.

        The kernel is exp(-γ d²), γ = `narrowness` over the median of d²; `ridge` is λ, relative to
        a kernel of height 1.
        """
        # In place, and the distances a block at a time: of 2000 inputs a further matrix would take
        # 32 MB. Columns, because they are what LAPACK works on.
        kernel = np.empty((len(inputs), len(inputs)), np.float64, order="F")
        for start in range(0, len(inputs), BLOCK_COLUMNS):
            block = slice(start, start + BLOCK_COLUMNS)
            kernel[:, block] = squared_distances(inputs, inputs[block])
        median = _median_of_pairs(kernel)
        gamma = narrowness / median if median > 0 else 1.0
        kernel *= -gamma
        np.exp(kernel, out=kernel)
        kernel[np.diag_indices_from(kernel)] += ridge
        factor = cho_factor(kernel, lower=True, overwrite_a=True)
        weights = cho_solve(factor, targets.astype(np.float64))
        return cls(inputs, weights.astype(np.float32), gamma)

    def predict(self, inputs: Floats) -> Floats:
        """Return the targets, (m, k), expected at inputs (m, f)."""
        predicted = np.empty((len(inputs), self.weights.shape[1]), np.float32)
        for start in range(0, len(inputs), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            distances = squared_distances(inputs[block], self.inputs)
            predicted[block] = np.exp(-np.float32(self.gamma) * distances) @ self.weights
        return predicted


def _median_of_pairs(distances: NDArray[np.float64]) -> float:
    """Median of a symmetric matrix without its diagonal; 0 where there is no pair."""
    above = [column[:number] for number, column in enumerate(distances.T)]
    pairs = np.concatenate(above, dtype=np.float32) if above else np.empty(0, np.float32)
    return float(np.median(pairs, overwrite_input=True)) if len(pairs) else 0.0


def squared_distances(left: Floats, right: Floats) -> Floats:
    """Return squared Euclidean distances, (m, n), between the rows of (m, f) and (n, f)."""
    distances = (left * left).sum(axis=1)[:, None] + (right * right).sum(axis=1)[None]
    distances -= (2.0 * left) @ right.T
    return np.maximum(distances, 0.0, out=distances).astype(np.float32, copy=False)
