"""What one run cost: seconds of compute per second of output, and what a GPU would have billed."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from mythmeter.answers.stages import INSTRUMENT, STAGES, stage_of

STALE_AFTER_DAYS = 90


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

    Adds `usd_per_output_min`: for offers by the hour, one GPU's share of the price times the GPU
    seconds held per minute of output; for services billed by the video minute, their price; for
    anything else empty, with `no_cost_reason`. Adds `age_days` and `stale` (older than 90 days; a
    price without a full date counts from the end of the period it names, one without any date is
    stale).
    """
    table = pd.read_csv(prices, dtype={"date": str})
    held_s_per_output_min = slot_s / output_s * 60
    hourly = table["price"] / table["gpus"] / 3600 * held_s_per_output_min
    by_hour, by_minute = table["unit"] == "hour", table["unit"] == "video minute"
    table["usd_per_output_min"] = hourly.where(by_hour, table["price"].where(by_minute))
    table["no_cost_reason"] = [
        None if billable else f"billed by the {unit}, whose length is not known here"
        for billable, unit in zip(by_hour | by_minute, table["unit"], strict=True)
    ]
    table["age_days"] = [_age_days(text, today) for text in table["date"]]
    table["stale"] = ~(table["age_days"] <= STALE_AFTER_DAYS)
    return table.sort_values("usd_per_output_min", na_position="last", ignore_index=True)


def _age_days(text: str | float, today: date) -> float:
    """Days since the last day of `2026`, `2026-09` or `2026-09-06`; never negative; NaN undated."""
    if not isinstance(text, str):
        return float("nan")
    return float(max(0, (today - pd.Period(text).end_time.date()).days))
