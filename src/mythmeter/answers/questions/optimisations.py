"""Which optimisations are within reach, and what do they cost in quality?"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from mythmeter.answers.drawing import ACCENT, QUIET, fluid, labelled, rows_px, tooltips
from mythmeter.answers.figures import number
from mythmeter.answers.picture import Picture
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.question import Question
from mythmeter.answers.sample import TOO_FEW_FOR_INTERVAL, bootstrap_interval
from mythmeter.answers.saying import Saying

TITLE = "Which optimisations are within reach, and what do they cost in quality?"
SOURCE = "experiments/ablation.parquet"
COMMAND = "make experiments"
SPREAD = "95 % bootstrap interval over neighbouring pairs"


def what_optimises(ablation: pd.DataFrame | None) -> Question:
    """Answer from the experiment that measures one setting against another, in pairs.

    Args:
        ablation: rows of `experiments/ablation.parquet`; None: it was not run.
    """
    if ablation is None:
        return Question.unmeasured("optimisations", TITLE, COMMAND)
    table = with_costs(ablation)
    measured = table[table["relative_cost"].notna()]
    left_out = table[table["relative_cost"].isna()]
    first = ablation.iloc[0]
    return Question(
        key="optimisations",
        title=TITLE,
        answer=_answer(measured),
        further=[*_quality_sayings(measured), *_left_out(left_out)],
        scope=(
            f"{len(measured)} settings, each beside its base in the same job, {SPREAD}; "
            f"{first['processor']}, {first['logical_cores']} logical cores"
        ),
        command=COMMAND,
        pictures=[_dumbbells(measured)] if len(measured) else [],
        tables={"optimisations": table.drop(columns=_lists(table))},
    )


def with_costs(ablation: pd.DataFrame) -> pd.DataFrame:
    """Add, against the base: `relative_cost` (CPU seconds; below 1 is cheaper), `low`, `high`.

    The interval is bootstrapped over the pairs that ran next to one another; fewer than three pairs
    have none. `quality_change` says in words what became of the quality.
    """
    found = [_relative(row) for row in ablation.to_dict("records")]
    table = ablation.copy()
    for i, name in enumerate(("relative_cost", "low", "high")):
        table[name] = pd.Series([each[i] for each in found], index=table.index, dtype=float)
    table["quality_change"] = [_quality(row) for row in ablation.to_dict("records")]
    return table


def _relative(row: dict[str, Any]) -> tuple[float | None, float | None, float | None]:
    base, changed = row["base_cpu_each_s"], row["variant_cpu_each_s"]
    if base is None or changed is None or row["cpu_ratio"] is None or np.isnan(row["cpu_ratio"]):
        return None, None, None
    ratios = np.asarray(changed, float) / np.asarray(base, float)
    if len(ratios) < TOO_FEW_FOR_INTERVAL:
        return float(np.median(ratios)), None, None
    return float(np.median(ratios)), *bootstrap_interval(ratios, np.median)


def _quality(row: dict[str, Any]) -> str:
    if not isinstance(row["quality_metric"], str):
        return str(row["reason"] or "not measured")
    unit = f" {row['quality_unit']}" if row["quality_unit"] not in (None, "", "1") else ""
    metric = str(row["quality_metric"]).replace("_", " ").replace("psnr", "PSNR")
    before, after = row["base_quality"], row["variant_quality"]
    return f"{metric}: {number(before)} → {number(after)}{unit}"


def _answer(measured: pd.DataFrame) -> Saying:
    cheaper = measured[measured["high"].fillna(measured["relative_cost"]) < 1]
    if cheaper.empty:
        return Saying("None of those measured was surely cheaper than its base.")
    best = cheaper.sort_values("relative_cost").head(3)
    parts, numbers = [], {}
    for row in best.to_dict("records"):
        name = f"cost_of_{str(row['variant']).replace('-', '_')}"
        parts.append(f"{_named(row)} costs {{{name}}} of its base ({row['quality_change']})")
        numbers[name] = _cost(row)
    return Saying("Within reach: " + "; ".join(parts) + ".", numbers)


def _quality_sayings(measured: pd.DataFrame) -> list[Saying]:
    dearer = measured[measured["low"].fillna(measured["relative_cost"]) > 1]
    if dearer.empty:
        return []
    parts, numbers = [], {}
    for row in dearer.to_dict("records"):
        name = f"cost_of_{str(row['variant']).replace('-', '_')}"
        parts.append(f"{_named(row)} ({{{name}}})")
        numbers[name] = _cost(row)
    return [Saying("Dearer than its base on this machine: " + ", ".join(parts) + ".", numbers)]


def _left_out(left_out: pd.DataFrame) -> list[Saying]:
    return [
        Saying(f"Not measured: {_named(row)}: {row['reason']}.".replace("{", "(").replace("}", ")"))
        for row in left_out.to_dict("records")
    ]


def _named(row: dict[str, Any]) -> str:
    return str(row["variant"]).replace("-", " ")


def _cost(row: dict[str, Any]) -> Quantity:
    low, high = (None if pd.isna(row[end]) else float(row[end]) for end in ("low", "high"))
    return Quantity(
        float(row["relative_cost"]),
        "share",
        int(row["n"]),
        SOURCE,
        f"CPU seconds, {row['unit']}, stage {row['stage']}",
        low,
        high,
        SPREAD if low is not None else None,
        None if low is not None else f"n = {row['n']}: too few for an interval",
    )


def _dumbbells(measured: pd.DataFrame) -> Picture:
    table = measured.drop(columns=_lists(measured)).sort_values("relative_cost")
    table["label"] = [_named(row) for row in table.to_dict("records")]
    table["base_cost"] = 1.0
    title = "cost relative to its base (CPU s)"
    base = alt.Chart(table).encode(y=labelled("label", list(table["label"])))
    x = alt.X("relative_cost:Q", title=title, scale=alt.Scale(type="log", padding=20))
    bar = base.mark_rule(strokeWidth=3, color=QUIET).encode(
        x=alt.X("base_cost:Q", title=title), x2="relative_cost:Q"
    )
    spread = base.mark_rule(strokeWidth=8, opacity=0.3, color=ACCENT).encode(
        x=alt.X("low:Q", title=title), x2="high:Q"
    )
    before = base.mark_point(size=70, color=QUIET, filled=True, opacity=1).encode(
        x=alt.X("base_cost:Q", title=title)
    )
    after = base.mark_point(size=90, color=ACCENT, filled=True, opacity=1).encode(
        x=x,
        tooltip=tooltips(
            {"label": "setting", "relative_cost:Q": "relative cost", "quality_change": "quality"}
        ),
    )
    quality = base.mark_text(align="left", dy=15, fontSize=10, opacity=0.8).encode(
        x=alt.value(4), text="quality_change:N"
    )
    unit = "cost relative to its base"
    return Picture(
        name="optimisations_cost",
        title="Before (grey) and after (red), with 95 % intervals; left of 1 is cheaper",
        description=(
            "Dumbbells: CPU seconds of each setting relative to its base, its quality below."
        ),
        chart=fluid(alt.layer(bar, spread, before, after, quality), 2 * rows_px(len(table))),
        table=table,
        units=dict.fromkeys(("relative_cost", "base_cost", "low", "high"), unit),
    )


def _lists(table: pd.DataFrame) -> Sequence[str]:
    return [name for name in table.columns if name.endswith("_each_s")]
