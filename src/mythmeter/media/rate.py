"""The constant frame rate that a clip is given: exact, and one that the field uses."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

STANDARD_RATES = (
    *(Fraction(n) for n in (5, 8, 10, 12, 15, 20)),
    *(Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)),
    *(Fraction(48), Fraction(50), Fraction(60000, 1001), Fraction(60), Fraction(100)),
    *(Fraction(120000, 1001), Fraction(120), Fraction(240)),
)
"""Frame rates of cameras, films and broadcasts, ascending."""

JITTER_S = 0.001
"""Times that stray less than this from an even grid are rounding, not a variable rate."""

MISFIT_ALLOWED = 0.06
"""Mean distance from a grid's slots, in slots, at which times still lie on it (chance: 0.25)."""

LOSS_ALLOWED = 0.02
"""Share of frames that a constant rate may drop from a clip of variable rate."""


@dataclass(frozen=True)
class RateChoice:
    """The constant rate chosen for a clip."""

    rate: Fraction
    variable: bool
    """True where the clip's own times do not lie on an even grid."""


def choose_rate(
    times_s: NDArray[np.float64], tick_s: float, stated: Fraction | None = None
) -> RateChoice:
    """Choose an exact constant rate for frames shown at `times_s` (sorted, at least two).

    A clip whose times lie on an even grid, to within one tick or a millisecond, keeps its rate: the
    standard rate or the stated one that fits best. Any other clip is of variable rate. It gets the
    lowest standard rate on whose grid its times lie, so that a phone's 30 frames a second with
    some missing become 30, not their average; if there is none, the lowest standard rate that
    drops at most 2 % of its frames.
    """
    mean = (len(times_s) - 1) / float(times_s[-1] - times_s[0])
    near = [r for r in STANDARD_RATES if abs(float(r) / mean - 1) < 0.005]
    candidates = near + ([stated] if stated else []) + [Fraction(mean).limit_denominator(1001)]
    # A rate of 0 is what rounding leaves of hours between two frames.
    fits = [(_strays_s(times_s, rate), rate) for rate in candidates if rate > 0]
    if fits:
        stray_s, rate = min(fits, key=lambda fit: (round(fit[0], 4), candidates.index(fit[1])))
        if stray_s <= max(JITTER_S, 1.01 * tick_s):
            return RateChoice(rate, variable=False)
    possible = [r for r in STANDARD_RATES if r >= mean * (1 - LOSS_ALLOWED)]
    on_grid = [r for r in possible if _misfit(times_s, r) < MISFIT_ALLOWED]
    few_lost = [r for r in possible if _lost(times_s, r) <= LOSS_ALLOWED]
    rate = next(iter(on_grid or few_lost), STANDARD_RATES[-1])
    twins = [r for r in STANDARD_RATES if abs(r / rate - 1) < Fraction(1, 500)]
    return RateChoice(min(twins, key=lambda r: _misfit(times_s, r)), variable=True)


def _strays_s(times_s: NDArray[np.float64], rate: Fraction) -> float:
    """Largest distance of the times from the best-placed even grid of this rate."""
    residual = times_s - np.arange(len(times_s)) / float(rate)
    return float(residual.max() - residual.min()) / 2


def _misfit(times_s: NDArray[np.float64], rate: Fraction) -> float:
    """Mean distance of the times from the nearest slot of the grid, in slots."""
    slots = (times_s - times_s[0]) * float(rate)
    return float(np.abs(slots - np.round(slots)).mean())


def _lost(times_s: NDArray[np.float64], rate: Fraction) -> float:
    """Share of frames that share a slot of the grid with a later frame."""
    slots = np.round((times_s - times_s[0]) * float(rate))
    return 1 - len(np.unique(slots)) / len(slots)
