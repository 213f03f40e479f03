"""What one run cost: seconds of compute per second of output, and what a GPU would have billed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.answers.prices import read_prices
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.sample import summarise
from mythmeter.answers.stages import INSTRUMENT, STAGES, stage_of
from mythmeter.errors import AnswerError


@dataclass(frozen=True)
class Scope:
    """What the figures of a run cover; printed beside every one of them."""

    output_s: float
    """Seconds of finished video."""
    renders: int
    device: str
    processor: str
    logical_cores: int


def scope_of(usage: pd.DataFrame, output_s: float, renders: int) -> Scope:
    """Describe a run: what came out of it and what it ran on."""
    devices = sorted(set(usage["device"]))
    return Scope(
        output_s=output_s,
        renders=renders,
        device=" and ".join(devices),
        processor=str(usage["processor"].iloc[0]),
        logical_cores=int(usage["logical_cores"].iloc[0]),
    )


def stage_costs(usage: pd.DataFrame, output_s: float) -> pd.DataFrame:
    """Sum each stage's seconds and divide by the seconds of output.

    Returns a row per stage in walking order: `wall_s`, `cpu_s` (cold: every phase), `warm_wall_s`,
    `warm_cpu_s` (steady phases only: no imports, no model loads), the same per second of output
    (`..._per_output_s`), `peak_rss_bytes`, `jobs`, and `needed` (False for what only the example or
    the measuring needs).
    """
    rows = usage.assign(stage=usage["rule"].map(stage_of))
    warm = rows[rows["phase"] == "steady"].groupby("stage")[["wall_s", "cpu_s"]].sum()
    table = rows.groupby("stage").agg(
        wall_s=("wall_s", "sum"),
        cpu_s=("cpu_s", "sum"),
        peak_rss_bytes=("peak_rss_bytes", "max"),
        jobs=("job", "nunique"),
    )
    table[["warm_wall_s", "warm_cpu_s"]] = warm.reindex(table.index).fillna(0.0)
    for name in ("wall_s", "cpu_s", "warm_wall_s", "warm_cpu_s"):
        table[name.removesuffix("_s") + "_s_per_output_s"] = table[name] / output_s
    order = [stage for stage in STAGES if stage in table.index]
    table = table.reindex(order + [s for s in table.index if s not in order])
    table["needed"] = ~table.index.isin(INSTRUMENT)
    return table.reset_index()


def gpu_slot_seconds(usage: pd.DataFrame) -> float:
    """Seconds for which a GPU slot was held, times the GPUs held.

    On a GPU this is what is billed. On a CPU the slot was held while the processor worked: an upper
    bound for the same backends on a GPU, and said to be one wherever it is shown.
    """
    jobs = usage[usage["gpu_granted"] > 0].drop_duplicates("job")
    return float((jobs["job_wall_s"] * jobs["gpu_granted"]).sum())


def price_table(prices: Path, slot_s: float, output_s: float, today: date) -> pd.DataFrame:
    """Bill the held GPU seconds at each offer's price.

    Adds to `read_prices` the column `usd_per_output_min`: for offers by the hour, one GPU's share
    of the price times the GPU seconds held per minute of output; for services billed by the video
    minute, their price; for anything else empty, with `no_cost_reason`.

    Raises:
        ConfigError: a faulty row, by line and column.
    """
    table = read_prices(prices, today)
    held_s_per_output_min = slot_s / output_s * 60
    by_gpu = table["usd_per_gpu_hour"] / 3600 * held_s_per_output_min
    table["usd_per_output_min"] = by_gpu.fillna(table["usd_per_video_min"])
    table = table.rename(columns={"no_price_reason": "no_cost_reason"})
    return table.sort_values("usd_per_output_min", na_position="last", ignore_index=True)


def held_s_per_render(usage: pd.DataFrame, output_s: Mapping[str, float]) -> dict[str, float]:
    """GPU seconds held per second of output, render by render.

    What renders share (a person's enrolment, the tracking of a clip) is spread over all seconds of
    output, alike for each, so an interval over these figures covers what differs between renders.

    Args:
        usage: the table of usage records.
        output_s: seconds of output by the name of the render.

    Raises:
        AnswerError: a render without output.
    """
    empty = [name for name, seconds in output_s.items() if not seconds > 0]
    if empty or not output_s:
        raise AnswerError(f"no seconds of output for {', '.join(empty) or 'any render'}")
    jobs = usage[usage["gpu_granted"] > 0].drop_duplicates("job")
    held = jobs["job_wall_s"] * jobs["gpu_granted"]
    render = [json.loads(text or "{}").get("render") for text in jobs["wildcards"]]
    own = held.groupby(pd.Series(render, index=jobs.index, dtype=object)).sum()
    shared = (held.sum() - own.reindex(list(output_s)).sum()) / sum(output_s.values())
    return {
        name: float(own.get(name, 0.0) / seconds + shared) for name, seconds in output_s.items()
    }


def seconds_of_renders(
    per_render: Iterable[float | None], source: str, scope: str, seed: int = 0
) -> Quantity:
    """GPU seconds per second of output as a median with its bootstrap interval over the renders.

    Fewer than three renders have no interval, and the quantity says so.
    """
    found = summarise(per_render, seed)
    if found.median is None:
        return Quantity.missing("GPU s per output s", str(found.reason), source, scope)
    return Quantity(
        found.median,
        "GPU s per output s",
        found.n,
        source,
        scope,
        low=found.low,
        high=found.high,
        spread=None if found.low is None else "95 % bootstrap interval of the median",
        reason=found.reason,
    )


@dataclass(frozen=True)
class OfferCost:
    """A minute of output at one offer, with the date of the price it hangs on."""

    label: str
    gpu: str | None
    provider: str
    offer: str
    sold: str
    """`on demand`, `spot` or `subscription`."""
    price_date: str | None
    age_days: float | None
    """Days since the price was seen; None where it carries no date."""
    stale: bool
    """Older than 90 days, or undated: look it up again before quoting it."""
    usd_per_output_min: Quantity


def offer_costs(
    prices: pd.DataFrame, seconds: Quantity | Mapping[str, Quantity]
) -> list[OfferCost]:
    """Bill a minute of output at every offer; the spread of the seconds becomes that of the cost.

    Args:
        prices: from `read_prices`.
        seconds: GPU seconds held per second of output: one figure for all offers, or one for each
            GPU of the price table (from `projection.project`).

    Returns:
        One entry an offer, cheapest first, those without a cost last, each saying why.
    """
    costs = [_offer_cost(row, seconds) for row in prices.to_dict("records")]
    return sorted(
        costs, key=lambda c: (c.usd_per_output_min.value is None, c.usd_per_output_min.value)
    )


def offer_frame(costs: Sequence[OfferCost]) -> pd.DataFrame:
    """Return the costs of offers as a table: a column for every field of the offer and its cost."""
    rows = [{**vars(c), **vars(c.usd_per_output_min)} for c in costs]
    return pd.DataFrame(rows).drop(columns="usd_per_output_min")


def _offer_cost(row: dict[Any, Any], seconds: Quantity | Mapping[str, Quantity]) -> OfferCost:
    gpu = row["gpu"] if isinstance(row["gpu"], str) else None
    return OfferCost(
        label=row["label"],
        gpu=gpu,
        provider=row["provider"],
        offer=row["offer"],
        sold=row["scope"],
        price_date=row["date"] if isinstance(row["date"], str) else None,
        age_days=None if pd.isna(row["age_days"]) else float(row["age_days"]),
        stale=bool(row["stale"]),
        usd_per_output_min=_minute(row, gpu, seconds),
    )


def _minute(
    row: dict[Any, Any], gpu: str | None, seconds: Quantity | Mapping[str, Quantity]
) -> Quantity:
    unit, source = "USD per output minute", row["price_source"]
    if isinstance(row["no_price_reason"], str):
        return Quantity.missing(unit, row["no_price_reason"], source)
    if row["unit"] == "video minute":
        listed = float(row["usd_per_video_min"])
        return Quantity(listed, unit, 1, source, "as listed", reason="a list price has no spread")
    if not isinstance(seconds, Quantity):
        if gpu is None or gpu not in seconds:
            return Quantity.missing(unit, f"no GPU seconds are known for {gpu or 'it'}", source)
        seconds = seconds[gpu]
    by_minute = float(row["usd_per_gpu_hour"]) / 3600 * 60
    if seconds.value is None:
        return seconds.scaled(by_minute, unit, source)
    return seconds.scaled(by_minute, unit, f"{seconds.source} x price: {source}")
