"""The price table: what an hour of a GPU costs, how old the price is, and why there is none."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.config.schema import schema_of
from mythmeter.config.tables import check_prices

STALE_AFTER_DAYS = 90
CURRENCY = "USD"


def read_prices(path: Path, today: date) -> pd.DataFrame:
    """Read prices.csv, a row per offer, and say of each what it comes to.

    Adds `usd_per_gpu_hour` (one GPU's share of an offer by the hour), `usd_per_video_min` (of a
    hosted service), `no_price_reason` where there is neither, `age_days` and `stale` (older than
    90 days; a price without a full date counts from the end of the period it names, one without
    any date is stale), `label` and `price_source`.

    Raises:
        ConfigError: a faulty row (a price that is no number among them), by line and column.
    """
    rows = check_prices(path)
    table = pd.DataFrame(rows, columns=list(schema_of("prices")["properties"]))
    table["price"] = pd.to_numeric(table["price"])
    table["gpus"] = pd.to_numeric(table["gpus"])
    table["no_price_reason"] = [_no_price(row, path.name) for row in rows]
    priced = table["no_price_reason"].isna()
    hourly = table["price"] / table["gpus"]
    table["usd_per_gpu_hour"] = hourly.where(priced & (table["unit"] == "hour"))
    table["usd_per_video_min"] = table["price"].where(priced & (table["unit"] == "video minute"))
    table["age_days"] = [age_days(text, today) for text in table["date"]]
    table["stale"] = ~(table["age_days"] <= STALE_AFTER_DAYS)
    table["label"] = [offer_label(row) for row in rows]
    table["price_source"] = [f"{row['source']}, {row.get('date', 'undated')}" for row in rows]
    return table


def offer_label(row: dict[str, Any]) -> str:
    """Name an offer for people: `T4 · AWS g4dn.xlarge`, with `(spot)` where it is one."""
    name = f"{row['provider']} {row['offer']}"
    if "gpu" in row:
        name = f"{row['gpu']} · {name}"
    return f"{name} (spot)" if row["scope"] == "spot" else name


def age_days(text: str | float | None, today: date) -> float:
    """Days since the last day of `2026`, `2026-09` or `2026-09-06`; never negative; NaN undated."""
    if not isinstance(text, str):
        return float("nan")
    return float(max(0, (today - pd.Period(text).end_time.date()).days))


def _no_price(row: dict[str, Any], table: str) -> str | None:
    if "price" not in row:
        return f"{table} names no price for it"
    if row["currency"] != CURRENCY:
        return f"priced in {row['currency']}; no exchange rate is guessed"
    if row["unit"] == "run":
        return "billed by the run, whose length is not known here"
    if row["unit"] == "hour" and "gpus" not in row:
        return f"{table} does not say how many GPUs the price is for"
    return None
