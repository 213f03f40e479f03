"""What may be said of a handful of measurements: no percentile and no interval from too few."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 2000
TOO_FEW_FOR_INTERVAL = 3
"""Below this a bootstrap has almost nothing to draw from, and no interval is given."""


@dataclass(frozen=True)
class Sample:
    """Summary of repeated measurements of one thing, in their own unit."""

    n: int
    median: float | None
    q1: float | None
    q3: float | None
    low: float | None
    """Lower end of the 95 % bootstrap interval of the median."""
    high: float | None
    reason: str | None
    """Why there is no median, or no interval."""


def summarise(values: Iterable[float | None], seed: int = 0) -> Sample:
    """Return median, quartiles and a percentile-bootstrap interval of the median.

    Missing values (None, NaN) are left out and do not count in `n`; quartiles and interval need
    three measurements. Source of the method: Efron and Tibshirani, *An Introduction to the
    Bootstrap* (1993), chapter 13.
    """
    measured = np.array([v for v in values if v is not None and np.isfinite(v)], dtype=float)
    n = len(measured)
    if n == 0:
        return Sample(0, None, None, None, None, None, "nothing was measured")
    median = float(np.median(measured))
    if n < TOO_FEW_FOR_INTERVAL:
        return Sample(n, median, None, None, None, None, f"n = {n}: too few for an interval")
    q1, q3 = (float(q) for q in np.quantile(measured, [0.25, 0.75]))
    low, high = bootstrap_interval(measured, np.median, seed)
    return Sample(n, median, q1, q3, low, high, None)


def bootstrap_interval(
    values: np.ndarray, statistic: Callable[..., np.ndarray], seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile-bootstrap interval of a statistic that takes `axis`."""
    rng = np.random.default_rng(seed)
    draws = rng.choice(values, size=(RESAMPLES, len(values)), replace=True)
    found = statistic(draws, axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)


@cache
def minimum_n(percentile: float) -> int:
    """Return how many measurements a percentile needs before it may be printed.

    The rule of MLPerf's early stopping, single stream: so many that at most one of them above the
    true percentile has a chance below 1 %. 64 for p90, 662 for p99.
    """
    from scipy.stats import binom

    share_above = 1 - percentile / 100
    n = 1
    while binom.cdf(1, n, share_above) > 0.01:
        n += 1
    return n


def percentile(values: Iterable[float | None], wanted: float) -> tuple[float | None, str | None]:
    """Return a percentile, or None and the reason where there are too few measurements."""
    measured = [v for v in values if v is not None and np.isfinite(v)]
    least = minimum_n(wanted)
    if len(measured) < least:
        return None, f"n = {len(measured)}: p{wanted:g} needs {least}"
    return float(np.percentile(measured, wanted)), None
