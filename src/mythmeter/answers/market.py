"""What the GPU market gets back when young companies fail: Monte-Carlo over priors with sources.

returned GPUs = start-ups × fleet of one × share that fails × share owned or reserved × share resold

Every factor is a row of market.csv, drawn independently of the others. Most are assumptions, so the
result is an order of magnitude with a wide band; the tornado says which factor to look up first.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mythmeter.answers.priors import BAND, FACTORS, TAIL, Priors
from mythmeter.answers.quantity import Quantity
from mythmeter.errors import AnswerError

DRAWS = 100_000
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Returned:
    """GPUs that come back to the market, and how they compare with what is there."""

    gpus: Quantity
    share_of_installed: Quantity
    days_of_supply: Quantity
    """How long the growth of the installed base takes to bring as many."""


def draw_factors(priors: Priors, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Draw every factor; a row per draw, a column per factor and one `returned` (GPUs)."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({name: priors[name].at(rng.random(draws)) for name in FACTORS})
    table["returned"] = table[list(FACTORS)].prod(axis=1)
    return table


def installed_base(priors: Priors, today: date) -> float:
    """Return the installed base on a day, H100-equivalents: grown from its own date by doubling.

    The growth is exponential; it is carried on from the last count, which is a forecast.
    """
    base = priors["installed"]
    months = (today - _first_day(base.date)).days / DAYS_PER_MONTH
    return float(base.arguments[0] * 2 ** (months / priors["doubling"].arguments[0]))


def returned_gpus(
    priors: Priors, today: date, draws: int = DRAWS, seed: int = 0
) -> tuple[Returned, pd.DataFrame]:
    """Return what comes back and how it compares, each with its 90 % band, and the draws.

    `n` is the number of factors; how many of them are assumptions is in `scope`. A day of supply is
    what the installed base grows by in a day: base × ln 2 / doubling time.
    """
    table = draw_factors(priors, draws, seed)
    back = table["returned"].to_numpy()
    base = installed_base(priors, today)
    per_day = base * np.log(2) / (priors["doubling"].arguments[0] * DAYS_PER_MONTH)
    equivalents = back * priors["h100_per_gpu"].at(np.random.default_rng(seed + 1).random(draws))
    assumed = [name for name in FACTORS if priors[name].kind == "assumption"]
    common: dict[str, Any] = {
        "scope": f"{len(assumed)} of {len(FACTORS)} factors are assumptions",
        "spread": f"{BAND:.0%} of {draws:,} draws",
    }
    grown = f"{priors['installed'].said}, grown to {today}; {priors['doubling'].said}"

    def banded(values: NDArray[np.float64], unit: str, source: str) -> Quantity:
        low, middle, high = (float(q) for q in np.quantile(values, [TAIL, 0.5, 1 - TAIL]))
        return Quantity(middle, unit, n=len(FACTORS), source=source, low=low, high=high, **common)

    return (
        Returned(
            gpus=banded(back, "GPUs", "market.csv"),
            share_of_installed=banded(equivalents / base, "share of the installed base", grown),
            days_of_supply=banded(equivalents / per_day, "days of new supply", grown),
        ),
        table,
    )


def tornado(priors: Priors, table: pd.DataFrame) -> pd.DataFrame:
    """Return how much each factor matters, the largest swing first.

    Args:
        priors: the factors.
        table: from `draw_factors`.

    Returns:
        A row per factor: `parameter`, `low`, `high` (its own 5 % and 95 % points, in `input_unit`),
        `returned_low`, `returned_high` (GPUs with that factor at its end and all others at their
        medians), `rank_correlation` (Spearman's, with `returned`; empty for a fixed factor),
        `unit`, `n` (draws), `spread`, `source`.
    """
    from scipy import stats

    middle = {name: float(priors[name].at(0.5)) for name in FACTORS}
    whole = float(np.prod(list(middle.values())))
    rows = []
    for name in FACTORS:
        low, high = (float(priors[name].at(level)) for level in (TAIL, 1 - TAIL))
        others = whole / middle[name] if middle[name] else 0.0
        fixed = table[name].nunique() < 2
        rank = None if fixed else float(stats.spearmanr(table[name], table["returned"])[0])
        rows.append(
            {
                "parameter": name,
                "low": low,
                "high": high,
                "input_unit": priors[name].unit,
                "returned_low": others * low,
                "returned_high": others * high,
                "rank_correlation": rank,
                "unit": "GPUs",
                "n": len(table),
                "spread": "one factor from its 5 % to its 95 % point, the others at their medians",
                "source": priors[name].said,
            }
        )
    found = pd.DataFrame(rows)
    swing = found["returned_high"] - found["returned_low"]
    return found.loc[swing.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def sobol_shares(priors: Priors, base_draws: int = 1024, seed: int = 0) -> pd.DataFrame:
    """Return each factor's share of the variance of log10 returned (Sobol, by SALib).

    On the logarithm, where a product is a sum: on the plain number a handful of draws would decide.

    Returns:
        A row per factor that varies: `parameter`, `total`, `low`, `high` (95 % interval), `unit`,
        `n`, `spread`, `source`. Source of the method: A. Saltelli et al. (2010).
    """
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    varied = [name for name in FACTORS if priors[name].distribution != "fixed"]
    if len(varied) < 2:
        raise AnswerError("Sobol indices need two factors that vary at least.")
    problem = {"num_vars": len(varied), "names": varied, "bounds": [[0.0, 1.0]] * len(varied)}
    levels = sample.sample(problem, base_draws, calc_second_order=False, seed=seed)
    levels = np.clip(levels, 1e-6, 1 - 1e-6)
    logs = sum(np.log10(priors[name].at(levels[:, i])) for i, name in enumerate(varied))
    found = analyse.analyze(problem, logs, calc_second_order=False, seed=seed)
    return pd.DataFrame(
        {
            "parameter": varied,
            "total": found["ST"],
            "low": found["ST"] - found["ST_conf"],
            "high": found["ST"] + found["ST_conf"],
            "unit": "share of the variance of log10 GPUs",
            "n": len(levels),
            "spread": "95 % interval",
            "source": "market.csv; total Sobol index, SALib",
        }
    )


def index_shares(priors: Priors) -> dict[int, Quantity]:
    """Return NVIDIA's share of the S&P 500 by year, from the founding note's market values."""
    found = {}
    for year in (2021, 2025):
        part, whole = priors[f"nvidia_{year}"], priors[f"index_{year}"]
        found[year] = Quantity(
            part.arguments[0] / whole.arguments[0],
            "share of the market value of the S&P 500",
            n=1,
            source=f"{part.source} ({part.date}); {whole.source}",
        )
    return found


def _first_day(text: str) -> date:
    """The first day of `2026`, `2026-01` or `2026-01-08`."""
    return pd.Period(text).start_time.date()
