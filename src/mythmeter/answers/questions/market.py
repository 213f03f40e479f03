"""What happens to the GPU market when such start-ups fail?"""

from datetime import date

import altair as alt
import numpy as np
import pandas as pd

from mythmeter.answers.drawing import ACCENT, CALM, fluid, labelled, rows_px, tooltips
from mythmeter.answers.market import index_shares, returned_gpus, sobol_shares, tornado
from mythmeter.answers.picture import Picture
from mythmeter.answers.priors import Priors, scenario
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.question import Question
from mythmeter.answers.saying import Saying

TITLE = "What happens to the GPU market when such start-ups fail?"
BINS = 40
ASKED_SHARE = 0.6
"""What the founding note supposes."""


def what_becomes_of_the_market(priors: Priors, today: date, command: str) -> Question:
    """Answer by the calculator: priors with sources, drawn many times.

    Args:
        priors: from `read_priors`.
        today: to which the installed base is grown.
        command: draws the page again.
    """
    back, draws = returned_gpus(priors, today)
    swings = tornado(priors, draws)
    first = swings.iloc[0]
    variance = sobol_shares(priors).sort_values("total", ascending=False, ignore_index=True)
    shares = index_shares(priors)
    asked, _ = returned_gpus(scenario(priors, failed=ASKED_SHARE), today)
    return Question(
        key="market",
        title=TITLE,
        answer=Saying(
            "Hardly anything: {returned} come back to the market, {share_of_base}, or "
            "{days_of_supply}."
            if (back.share_of_installed.high or 1.0) < 0.01
            else "It is felt: {returned} come back to the market, {share_of_base}, or "
            "{days_of_supply}.",
            {
                "returned": back.gpus,
                "share_of_base": back.share_of_installed,
                "days_of_supply": back.days_of_supply,
            },
        ),
        further=[
            Saying(
                "This is arithmetic on assumptions, not a measurement: every factor is a row of "
                f"config/market.csv with its source. What matters most is {first['parameter']}: "
                f"look that one up first. Of the variance {variance['parameter'][0]} has "
                "{first_share}, interactions included.",
                {"first_share": _share_of_variance(variance.iloc[0])},
            ),
            Saying(
                f"Were it {ASKED_SHARE:.0%} that fail, as was once supposed: {{returned_asked}}.",
                {"returned_asked": asked.gpus},
            ),
            Saying(
                "Why it was asked: NVIDIA had {index_2021} in March 2021, and {index_2025} in "
                "March 2025.",
                {"index_2021": shares[2021], "index_2025": shares[2025]},
            ),
        ],
        scope=f"{back.gpus.scope}; {back.gpus.spread}; installed base grown to {today}",
        command=command,
        pictures=[_tornado(swings), _distribution(draws)],
        tables={"market_variance": variance},
    )


def _share_of_variance(row: pd.Series) -> Quantity:
    return Quantity(
        float(row["total"]),
        "share",
        int(row["n"]),
        str(row["source"]),
        f"total Sobol index, {row['unit']}",
        float(row["low"]),
        float(row["high"]),
        str(row["spread"]),
    )


def _tornado(swings: pd.DataFrame) -> Picture:
    table = swings.copy()
    table["label"] = table["parameter"].str.replace("_", " ")
    title = "GPUs returned"
    base = alt.Chart(table).encode(y=labelled("label", list(table["label"])))
    x = alt.X("returned_low:Q", title=title, scale=alt.Scale(type="log", padding=16))
    bars = base.mark_bar(color=CALM).encode(
        x=x,
        x2="returned_high:Q",
        tooltip=tooltips(
            {
                "label": "factor",
                "low:Q": "from",
                "high:Q": "to",
                "returned_low:Q": title,
                "returned_high:Q": "to",
                "rank_correlation:Q": "rank correlation",
            }
        ),
    )
    return Picture(
        name="market_tornado",
        title="Which assumption matters: each from its 5 % to its 95 % point",
        description=(
            "Tornado: GPUs returned with one factor at its ends and the others at their medians; "
            f"{table['label'].iloc[0]} swings most."
        ),
        chart=fluid(bars, rows_px(len(table))),
        table=table,
        units={
            "returned_low": "GPUs",
            "returned_high": "GPUs",
            "low": "its own unit",
            "high": "its own unit",
            "rank_correlation": "rank correlation",
        },
    )


def _distribution(draws: pd.DataFrame) -> Picture:
    back = draws["returned"].to_numpy()
    back = back[back > 0]
    low, high = np.quantile(back, [0.001, 0.999])
    edges = np.geomspace(low, high, BINS + 1)
    counts, _ = np.histogram(back, edges)
    table = pd.DataFrame(
        {
            "from": edges[:-1],
            "to": edges[1:],
            "share": counts / len(draws),
            "n": len(draws),
            "source": "config/market.csv",
        }
    )
    chart = (
        alt.Chart(table)
        .mark_bar(color=ACCENT)
        .encode(
            x=alt.X("from:Q", title="GPUs returned", scale=alt.Scale(type="log")),
            x2="to:Q",
            y=alt.Y("share:Q", title="share of draws"),
            y2=alt.datum(0),
            tooltip=tooltips({"from:Q": "from, GPUs", "to:Q": "to, GPUs", "share:Q": "share"}),
        )
    )
    return Picture(
        name="market_draws",
        title="How wide the answer is",
        description="Histogram over draws of the GPUs returned, on a logarithmic axis.",
        chart=fluid(chart, 170),
        table=table,
        units={"from": "GPUs", "to": "GPUs", "share": "share"},
    )
