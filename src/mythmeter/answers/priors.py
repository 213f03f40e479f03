"""The inputs of the GPU-market calculator: distributions, each with who says so and when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mythmeter.errors import AnswerError

FACTORS = ("startups", "fleet", "failed", "owned", "resold")
BAND = 0.90
TAIL = (1 - BAND) / 2


@dataclass(frozen=True)
class Prior:
    """An input of the calculator: how sure it is, and who says so."""

    parameter: str
    distribution: str
    """`fixed`, `uniform`, `triangular`, `lognormal` or `beta`."""
    arguments: tuple[float, ...]
    """Value; ends; ends around the mode; 5 % and 95 % points; alpha and beta."""
    unit: str
    kind: str
    """`assumption`, `measured` or `published`."""
    source: str
    date: str
    note: str = ""

    def at(self, levels: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Return the quantiles at some levels between 0 and 1."""
        from scipy import stats

        u, given = np.asarray(levels, float), self.arguments
        match self.distribution:
            case "fixed":
                return np.full(u.shape, given[0])
            case "uniform":
                return given[0] + u * (given[1] - given[0])
            case "triangular":
                low, mode, high = given
                width = high - low
                found = stats.triang.ppf(u, (mode - low) / width, loc=low, scale=width)
            case "lognormal":
                middle, half = np.log(given).mean(), np.log(given[1] / given[0]) / 2
                found = np.exp(middle + half / stats.norm.ppf(0.95) * stats.norm.ppf(u))
            case "beta":
                found = stats.beta.ppf(u, *given)
            case other:
                raise AnswerError(f"{self.parameter}: no distribution is called {other!r}.")
        return np.asarray(found, float)

    @property
    def said(self) -> str:
        """Where it comes from: `assumption: illustration (2026-12)`."""
        return f"{self.kind}: {self.source} ({self.date})"


Priors = Mapping[str, Prior]


def read_priors(path: Path) -> dict[str, Prior]:
    """Read market.csv, which `mythmeter.config.market` has checked.

    Raises:
        AnswerError: a factor of the calculator is missing.
    """
    table = pd.read_csv(path, dtype={"date": str})
    priors = {
        str(row["parameter"]): Prior(
            parameter=str(row["parameter"]),
            distribution=str(row["distribution"]),
            arguments=tuple(float(row[c]) for c in "abc" if pd.notna(row[c])),
            unit=str(row["unit"]),
            kind=str(row["kind"]),
            source=str(row["source"]),
            date=str(row["date"]),
            note="" if pd.isna(row["note"]) else str(row["note"]),
        )
        for _, row in table.iterrows()
    }
    for name in (*FACTORS, "h100_per_gpu", "installed", "doubling"):
        if name not in priors:
            raise AnswerError(f"{path}: there is no row for {name!r}.")
    return priors


def scenario(priors: Priors, **fixed: float) -> dict[str, Prior]:
    """Return the priors with some of them set: `scenario(priors, failed=0.6)`.

    Raises:
        AnswerError: an unknown parameter, or a share outside 0 to 1.
    """
    changed = dict(priors)
    for name, value in fixed.items():
        if name not in priors:
            raise AnswerError(f"no parameter is called {name!r}: {', '.join(sorted(priors))}.")
        if priors[name].unit == "share" and not 0 <= value <= 1:
            raise AnswerError(f"{name} is {value}; a share lies between 0 and 1.")
        changed[name] = replace(
            priors[name],
            distribution="fixed",
            arguments=(value,),
            kind="assumption",
            source=f"scenario: {name} = {value:g}",
        )
    return changed


def prior_table(priors: Priors) -> pd.DataFrame:
    """Return the inputs as a table for the page: what was assumed, and who says so."""
    return pd.DataFrame(
        [
            {
                "parameter": prior.parameter,
                "low": float(prior.at(TAIL)),
                "median": float(prior.at(0.5)),
                "high": float(prior.at(1 - TAIL)),
                "unit": prior.unit,
                "n": 1,
                "spread": f"{prior.distribution}, {BAND:.0%}"
                if prior.distribution != "fixed"
                else "fixed",
                "kind": prior.kind,
                "source": f"{prior.source} ({prior.date})",
                "note": prior.note,
            }
            for prior in priors.values()
        ]
    )
