"""How seconds grow with the length of the video: a line, and the exponent of a power.

`seconds = a + b * length` by least squares: `a` is paid once, `b` for every second of output. The
slope of log seconds over log length is the exponent: 1 is linear, 2 quadratic. Intervals are those
of the normal linear model (Student's t with n - 2 degrees of freedom; Draper and Smith, *Applied
Regression Analysis*, 3rd edition, chapters 1 and 3).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mythmeter.answers.quantity import Quantity
from mythmeter.answers.sample import CONFIDENCE
from mythmeter.answers.stages import stage_of
from mythmeter.errors import AnswerError

FEWEST_LENGTHS = 3
WHOLE = "whole"
INTERVAL = "95 % interval of the regression (t)"
_ZERO = 1e-9
"""Of the largest figure: less than this is rounding, not a cost."""


@dataclass(frozen=True)
class _Line:
    """A fitted line and what its intervals need."""

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float
    residual_s: float
    mean: float
    squares: float
    """Sum of squared distances from `mean`."""
    n: int

    @property
    def quantile(self) -> float:
        from scipy.stats import t

        return float(t.ppf(0.5 + CONFIDENCE / 2, self.n - 2))

    def at(self, x: float, single: bool) -> tuple[float, float]:
        """Value at `x` and half the width of its interval: of one more run, or of the mean."""
        spread = 1 / self.n + (x - self.mean) ** 2 / self.squares + float(single)
        return self.intercept + self.slope * x, self.quantile * self.residual_s * spread**0.5


@dataclass(frozen=True)
class ScalingFit:
    """How the seconds of one stage, or of all, follow the length of the output."""

    stage: str
    n: int
    """Measurements that were fitted."""
    lengths: tuple[float, ...]
    """Distinct lengths among them, in seconds of output."""
    once: Quantity
    """`a`: seconds that are paid once, whatever the length."""
    per_output_s: Quantity
    """`b`: seconds for each further second of output."""
    exponent: Quantity
    """Slope of log seconds over log length."""
    once_is_zero: bool | None
    """Whether the interval of `a` contains 0, so that no fixed cost was shown; None: no fit."""
    is_linear: bool | None
    """Whether the interval of the exponent contains 1; None: no exponent."""
    line: _Line | None

    def predict(self, length_s: float) -> Quantity:
        """Return the seconds of one further run of that length, with its prediction interval.

        Outside the measured lengths the scope says so.
        """
        if self.line is None:
            return Quantity.missing("s", str(self.once.reason), self.once.source, self.once.scope)
        value, half = self.line.at(length_s, single=True)
        inside = self.lengths[0] <= length_s <= self.lengths[-1]
        where = "" if inside else f", outside the {_range(self.lengths)} measured"
        return Quantity(
            value,
            "s",
            self.n,
            self.once.source,
            f"{self.once.scope}; {length_s:g} s of output{where}",
            value - half,
            value + half,
            "95 % prediction interval (t)",
        )

    def curve(self, lengths_s: Sequence[float]) -> pd.DataFrame:
        """Return the line for a picture: `stage`, `length_s`, `fitted_s` and two bands.

        `mean_low_s` and `mean_high_s` are the 95 % band of the line itself, `low_s` and `high_s`
        that of one further run. Empty where there is no fit.
        """
        columns = ["stage", "length_s", "fitted_s", "mean_low_s", "mean_high_s", "low_s", "high_s"]
        if self.line is None:
            return pd.DataFrame(columns=columns)
        rows = []
        for length in lengths_s:
            fitted, mean = self.line.at(length, single=False)
            _, one = self.line.at(length, single=True)
            band = (fitted - mean, fitted + mean, fitted - one, fitted + one)
            rows.append((self.stage, length, fitted, *band))
        return pd.DataFrame(rows, columns=columns)

    def sentence(self) -> str:
        """Say in words what the fit shows, and what it does not."""
        if self.line is None or self.once.value is None or self.per_output_s.value is None:
            return f"{self.stage}: not fitted: {self.once.reason}."
        fixed = (
            "a fixed cost cannot be told from 0"
            if self.once_is_zero
            else f"{self.once.value:.3g} s are paid once"
        )
        if self.exponent.value is None:
            power = f"no exponent: {self.exponent.reason}"
        else:
            verdict = "contains" if self.is_linear else "does not contain"
            power = (
                f"exponent {self.exponent.value:.2f} ({self.exponent.low:.2f} to "
                f"{self.exponent.high:.2f}), which {verdict} 1"
            )
        return (
            f"{self.stage}: {self.per_output_s.value:.3g} s for each second of output; {fixed}; "
            f"{power} (n = {self.n})."
        )


def fit_scaling(
    lengths_s: Iterable[float | None],
    seconds: Iterable[float | None],
    *,
    stage: str,
    source: str,
    scope: str,
) -> ScalingFit:
    """Fit seconds against seconds of output.

    Pairs with a missing member are left out. Fewer than three distinct lengths give no fit, with
    that reason; lengths or seconds that are not above 0 give no exponent.

    Raises:
        AnswerError: the two are not of one length.
    """
    try:
        pairs = [(x, y) for x, y in zip(lengths_s, seconds, strict=True) if _both(x, y)]
    except ValueError as error:
        raise AnswerError(f"{stage}: lengths and seconds are not as many") from error
    x, y = np.array(pairs, dtype=float).reshape(-1, 2).T
    distinct = tuple(float(v) for v in np.unique(x))
    if len(distinct) < FEWEST_LENGTHS:
        reason = f"{len(distinct)} distinct length(s): a fit with errors needs {FEWEST_LENGTHS}"
        once, rate, exponent = (
            Quantity.missing(unit, reason, source, scope)
            for unit in ("s", "s per output s", "exponent")
        )
        return ScalingFit(stage, len(x), distinct, once, rate, exponent, None, None, None)
    line = _fit(x, y)
    n = len(x)

    def quantity(value: float, error: float, unit: str, quantile: float) -> Quantity:
        half = quantile * error
        return Quantity(value, unit, n, source, scope, value - half, value + half, INTERVAL)

    once = quantity(line.intercept, line.intercept_error, "s", line.quantile)
    rate = quantity(line.slope, line.slope_error, "s per output s", line.quantile)
    if x.min() > 0 and y.min() > 0:
        power = _fit(np.log(x), np.log(y))
        exponent = quantity(power.slope, power.slope_error, "exponent", power.quantile)
    else:
        reason = "a length or a duration is not above 0, so it has no logarithm"
        exponent = Quantity.missing("exponent", reason, source, scope)
    return ScalingFit(
        stage,
        n,
        distinct,
        once,
        rate,
        exponent,
        once_is_zero=_contains(once, 0.0, _ZERO * float(np.abs(y).max())),
        is_linear=None if exponent.value is None else _contains(exponent, 1.0, _ZERO),
        line=line,
    )


def fit_stages(
    table: pd.DataFrame, *, source: str, scope: str, seconds: str = "cpu_s"
) -> dict[str, ScalingFit]:
    """Fit every stage and the whole.

    Args:
        table: a row per run and stage, with `run`, `stage`, `length_s` (seconds of output) and the
            column `seconds`; from `stage_seconds` for each run, put under one another.
        source: the files behind it.
        scope: what is covered.
        seconds: which column is fitted.

    Returns:
        Fits by stage, in the order of the table; the sum over stages as `whole`, last.

    Raises:
        AnswerError: a column is missing.
    """
    lacking = {"run", "stage", "length_s", seconds} - set(table.columns)
    if lacking:
        raise AnswerError(f"the table to fit lacks {', '.join(sorted(lacking))}")
    whole = table.groupby("run", as_index=False).agg(
        length_s=("length_s", "first"), total=(seconds, lambda s: s.sum(skipna=False))
    )
    fits = {
        str(stage): fit_scaling(
            rows["length_s"], rows[seconds], stage=str(stage), source=source, scope=scope
        )
        for stage, rows in table.groupby("stage", sort=False)
    }
    fits[WHOLE] = fit_scaling(
        whole["length_s"], whole["total"], stage=WHOLE, source=source, scope=scope
    )
    return fits


def stage_seconds(usage: pd.DataFrame, run: str, length_s: float) -> pd.DataFrame:
    """Sum one run's usage table by stage: `run`, `length_s`, `stage`, `wall_s`, `cpu_s`."""
    rows = usage.assign(stage=usage["rule"].map(stage_of))
    table = rows.groupby("stage", as_index=False, sort=False)[["wall_s", "cpu_s"]].sum()
    return table.assign(run=run, length_s=length_s)


def scaling_frame(fits: Mapping[str, ScalingFit]) -> pd.DataFrame:
    """Return fits as a table, a row per stage and quantity (`once`, `per_output_s`, `exponent`)."""
    rows = [
        {"stage": stage, "quantity": name, **vars(getattr(fit, name))}
        for stage, fit in fits.items()
        for name in ("once", "per_output_s", "exponent")
    ]
    return pd.DataFrame(rows)


def _fit(x: np.ndarray, y: np.ndarray) -> _Line:
    from scipy.stats import linregress

    found = linregress(x, y)
    left = y - found.intercept - found.slope * x
    return _Line(
        intercept=float(found.intercept),
        slope=float(found.slope),
        intercept_error=float(found.intercept_stderr),
        slope_error=float(found.stderr),
        residual_s=float(np.sqrt((left**2).sum() / (len(x) - 2))),
        mean=float(x.mean()),
        squares=float(((x - x.mean()) ** 2).sum()),
        n=len(x),
    )


def _both(x: float | None, y: float | None) -> bool:
    return x is not None and y is not None and bool(np.isfinite(x) and np.isfinite(y))


def _contains(quantity: Quantity, value: float, tolerance: float) -> bool:
    low, high = quantity.low, quantity.high
    return low is not None and high is not None and low - tolerance <= value <= high + tolerance


def _range(lengths: Sequence[float]) -> str:
    return f"{lengths[0]:g} to {lengths[-1]:g} s"
