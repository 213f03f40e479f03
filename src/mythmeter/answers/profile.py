"""From the table of usage records to the first pictures and tables of the report."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import altair as alt
import pandas as pd

from mythmeter.answers.charts import (
    cost_per_stage,
    gantt,
    peak_memory,
    price_per_minute,
    scope_text,
    write_svg,
)
from mythmeter.answers.cost import (
    Scope,
    gpu_slot_seconds,
    price_table,
    scope_of,
    stage_costs,
)
from mythmeter.answers.outputs import output_seconds
from mythmeter.atomic import replacing


def draw_profile(
    *,
    usage: Path,
    timelines: Sequence[Path],
    prices: Path,
    charts: Sequence[Path],
    stages_csv: Path,
    prices_csv: Path,
    scope_json: Path,
) -> None:
    """Write the charts named by `charts` (the stem chooses the picture) and their tables."""
    table = pd.read_parquet(usage)
    output_s = output_seconds(timelines)
    scope = scope_of(table, output_s, renders=len(timelines))
    stages = stage_costs(table, output_s)
    slot_s = gpu_slot_seconds(table)
    bill = price_table(prices, slot_s, output_s, datetime.now(UTC).date())
    for path in charts:
        write_svg(_draw(path.stem, table, stages, bill, scope), path)
    for frame, path in ((stages, stages_csv), (bill, prices_csv)):
        with replacing(path) as partial:
            frame.to_csv(partial, index=False)
    with replacing(scope_json) as partial:
        facts = asdict(scope) | {"text": scope_text(scope), "gpu_slot_s": slot_s}
        partial.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _draw(
    name: str, usage: pd.DataFrame, stages: pd.DataFrame, bill: pd.DataFrame, scope: Scope
) -> alt.Chart:
    if name == "cost_per_stage":
        return cost_per_stage(stages, scope)
    if name == "gantt":
        return gantt(usage, scope)
    if name == "peak_memory":
        return peak_memory(usage, scope)
    if name == "price_per_minute":
        return price_per_minute(bill, scope)
    raise ValueError(f"no chart is called {name!r}")
