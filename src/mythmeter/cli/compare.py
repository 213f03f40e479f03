"""Compare two runs: speed, GPU against host, price, memory, and the ratio of each."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.errors import AnswerError

if TYPE_CHECKING:
    from mythmeter.answers.measures import HourlyPrice

SIDES = ("A", "B")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter compare`."""
    for side in SIDES:
        parser.add_argument(
            f"run_{side.lower()}",
            type=Path,
            metavar=f"RUN_{side}",
            help="results folder of a run, or a record set from another machine",
        )
    parser.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="A=USD",
        help="price of an hour of a run's GPU; once for each run",
    )
    parser.add_argument(
        "--gpu",
        action="append",
        default=[],
        metavar="A=GPU",
        help="take the cheapest on-demand price of this GPU from prices.csv",
    )
    parser.add_argument("--prices", type=Path, help="price table; default: config/prices.csv")
    parser.add_argument("--csv", type=Path, metavar="OUT", help="also write every figure, as CSV")


def run(options: argparse.Namespace) -> None:
    """Print the comparison, and write it as CSV where asked.

    Raises:
        UsageError: a folder that is no run, or a damaged record.
        AnswerError: a price that is none, or that the table does not have.
        ConfigError: a faulty price table.
    """
    from mythmeter.answers.compare import compare, comparison_frame, comparison_text
    from mythmeter.answers.record_sets import read_run
    from mythmeter.atomic import replacing

    prices = _prices(options)
    a, b = read_run(options.run_a), read_run(options.run_b)
    found = compare(a, b, prices.get("A"), prices.get("B"))
    print(comparison_text(found))
    if options.csv is not None:
        with replacing(options.csv) as partial:
            comparison_frame(found).to_csv(partial, index=False)
        print(f"\nwritten  {options.csv}")


def _prices(options: argparse.Namespace) -> "dict[str, HourlyPrice]":
    from mythmeter.answers.measures import HourlyPrice

    given = [("--price", text) for text in options.price] + [
        ("--gpu", text) for text in options.gpu
    ]
    found: dict[str, HourlyPrice] = {}
    for option, text in given:
        side, _, value = text.partition("=")
        if side not in SIDES or not value:
            raise AnswerError(f"{option} {text}: write {option} A=… or {option} B=….")
        if side in found:
            raise AnswerError(f"{option} {text}: run {side} already has a price; give it once.")
        if option == "--price":
            found[side] = HourlyPrice(_usd(text, value), "as given")
        else:
            found[side] = _listed(value, options.prices)
    return found


def _usd(text: str, value: str) -> float:
    try:
        usd = float(value)
    except ValueError:
        usd = -1.0
    if not 0 < usd < 1e6:
        raise AnswerError(f"--price {text}: a price is a number of USD an hour, above 0.")
    return usd


def _listed(gpu: str, table: Path | None) -> "HourlyPrice":
    from mythmeter.answers.measures import HourlyPrice
    from mythmeter.answers.prices import read_prices
    from mythmeter.config.schema import SCHEMAS, near

    path = table or SCHEMAS.parent / "prices.csv"
    prices = read_prices(path, datetime.now(UTC).date())
    hourly = prices[prices["usd_per_gpu_hour"].notna() & (prices["scope"] == "on demand")]
    offers = hourly[hourly["gpu"] == gpu]
    if offers.empty:
        known = sorted(set(hourly["gpu"].dropna()))
        raise AnswerError(f"{path} has no price by the hour for {gpu!r}. {near(gpu, known)}")
    offer = offers.sort_values("usd_per_gpu_hour").iloc[0]
    source = f"{offer['label']}, {offer['price_source']}"
    return HourlyPrice(float(offer["usd_per_gpu_hour"]), source, bool(offer["stale"]))
