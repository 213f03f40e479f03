"""From how many minutes a month an own GPU is cheaper than a hosted service.

By the hour on demand nothing is paid while nothing is made: a minute costs its GPU seconds, and
only what is paid whatever is made (storage of an image, say) must be earned back. Always on, the
month is paid whole: it is cheaper from `price of the month / price per minute` on, if that many
minutes fit into a month at all. Where they do not, it never is, however much is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mythmeter.answers.quantity import Quantity

HOURS_PER_MONTH = 365.25 * 24 / 12
_FROM = "minutes of output a month"
_BOUND = "the seconds are an upper bound, because a CPU did the work"


@dataclass(frozen=True)
class BreakEven:
    """One hosted service against one offer of a GPU."""

    service: str
    service_usd_per_min: float
    service_date: str | None
    service_stale: bool
    offer: str
    gpu: str | None
    offer_date: str | None
    offer_stale: bool
    usd_per_min: Quantity
    """What a minute costs on the GPU on demand, without what is paid whatever is made."""
    on_demand_from: Quantity
    """Minutes a month from which on demand is cheaper; null: never, or undecided."""
    always_on_from: Quantity
    """Minutes a month from which a machine kept all month is cheaper; null: never, or undecided."""
    most_minutes: Quantity
    """What that machine can make in a month."""
    verdict: str


def break_even(
    prices: pd.DataFrame,
    seconds: Quantity | Mapping[str, Quantity],
    *,
    fixed_usd_per_month: float = 0.0,
    most_busy: float = 1.0,
    upper_bound: bool = False,
) -> list[BreakEven]:
    """Compare every service billed by the video minute with every GPU offered by the hour.

    Args:
        prices: from `prices.read_prices`.
        seconds: GPU seconds held per second of output, one for all GPUs or one for each.
        fixed_usd_per_month: what is paid whatever is made.
        most_busy: share of the month that a machine can be kept at work.
        upper_bound: the seconds are at most these (a CPU held the slot): "never" cannot be said.

    Returns:
        An entry for each pair whose prices are known, services by price.
    """
    services = prices[prices["usd_per_video_min"].notna()].sort_values("usd_per_video_min")
    offers = prices[prices["usd_per_gpu_hour"].notna()].sort_values("usd_per_gpu_hour")
    terms = _Terms(fixed_usd_per_month, most_busy, upper_bound)
    return [
        _pair(service, offer, _seconds_on(offer, seconds), terms)
        for service in services.to_dict("records")
        for offer in offers.to_dict("records")
    ]


def break_even_frame(pairs: Sequence[BreakEven]) -> pd.DataFrame:
    """Return the pairs as a table: the fields, and of each quantity `_low`, `_high`, `_reason`."""
    rows = []
    for pair in pairs:
        row: dict[str, Any] = {}
        for name, value in vars(pair).items():
            if isinstance(value, Quantity):
                row[name] = value.value
                row |= {f"{name}_{f}": vars(value)[f] for f in ("low", "high", "unit", "n")}
                row |= {f"{name}_{f}": vars(value)[f] for f in ("source", "scope", "reason")}
            else:
                row[name] = value
        rows.append(row)
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Terms:
    fixed_usd: float
    most_busy: float
    upper_bound: bool


def _seconds_on(offer: dict[Any, Any], seconds: Quantity | Mapping[str, Quantity]) -> Quantity:
    if isinstance(seconds, Quantity):
        return seconds
    gpu = str(offer["gpu"])
    missing = Quantity.missing("GPU s per output s", f"no GPU seconds are known for {gpu}")
    return seconds.get(gpu, missing)


def _pair(
    service: dict[Any, Any], offer: dict[Any, Any], seconds: Quantity, terms: _Terms
) -> BreakEven:
    price = float(service["usd_per_video_min"])
    minute = seconds.scaled(
        float(offer["usd_per_gpu_hour"]) / 60,
        "USD per output minute",
        f"{seconds.source} x price: {offer['price_source']}",
    )
    capacity = _capacity(seconds, int(offer["gpus"]), terms.most_busy)
    on_demand = _on_demand(minute, price, terms)
    always_on = _always_on(minute, capacity, price, offer, terms)
    return BreakEven(
        service=service["label"],
        service_usd_per_min=price,
        service_date=_text(service["date"]),
        service_stale=bool(service["stale"]),
        offer=offer["label"],
        gpu=_text(offer["gpu"]),
        offer_date=_text(offer["date"]),
        offer_stale=bool(offer["stale"]),
        usd_per_min=minute,
        on_demand_from=on_demand,
        always_on_from=always_on,
        most_minutes=capacity,
        verdict=_verdict(on_demand, always_on, service, offer),
    )


def _on_demand(minute: Quantity, price: float, terms: _Terms) -> Quantity:
    """Minutes from which what is saved on each has paid what is fixed."""
    if minute.value is None:
        return Quantity.missing(_FROM, str(minute.reason), minute.source, minute.scope)
    low, high = _ends(minute)
    reason = None
    if low >= price:
        reason = f"never: a minute costs {_usd(minute.value)} on the GPU and {_usd(price)} there"
        if terms.upper_bound:
            reason = f"undecided: {_BOUND}"
    elif high >= price:
        reason = f"undecided: {_usd(price)} lies within the {_usd(low)} to {_usd(high)} of the GPU"
    if reason:
        return Quantity.missing(_FROM, reason, minute.source, minute.scope)
    ends = [terms.fixed_usd / (price - usd) for usd in (low, minute.value, high)]
    return _with_spread(ends, minute, minute.scope)


def _always_on(
    minute: Quantity, capacity: Quantity, price: float, offer: dict[Any, Any], terms: _Terms
) -> Quantity:
    """Minutes that pay for the month, if so many fit into it."""
    if offer["scope"] == "spot":
        reason = "a spot machine cannot be kept"
        return Quantity.missing(_FROM, reason, minute.source, minute.scope)
    if capacity.value is None:
        return Quantity.missing(_FROM, str(capacity.reason), minute.source, minute.scope)
    machine_usd = float(offer["usd_per_gpu_hour"]) * int(offer["gpus"]) * HOURS_PER_MONTH
    needed = (machine_usd + terms.fixed_usd) / price
    low, high = _ends(capacity)
    fits = f"{needed:,.0f} minutes would have to fit into the month"
    if high < needed:
        reason = f"never: {fits}, and {high:,.0f} do"
        if terms.upper_bound:
            reason = f"undecided: {fits}; {_BOUND}"
        return Quantity.missing(_FROM, reason, minute.source, minute.scope)
    if low < needed:
        reason = f"undecided: {fits}, and {low:,.0f} to {high:,.0f} do"
        return Quantity.missing(_FROM, reason, minute.source, minute.scope)
    return Quantity(
        needed,
        _FROM,
        1,
        f"price of the month ({offer['price_source']}) over price per minute",
        f"{int(offer['gpus'])} GPU(s) paid for {HOURS_PER_MONTH:g} h",
        reason="list prices have no spread",
    )


def _capacity(seconds: Quantity, gpus: int, most_busy: float) -> Quantity:
    """Minutes of output that a machine makes in a month."""
    if seconds.value is None:
        return Quantity.missing(_FROM, str(seconds.reason), seconds.source, seconds.scope)
    available = HOURS_PER_MONTH * 60 * gpus * most_busy
    low, high = _ends(seconds)
    ends = [available / s for s in (high, seconds.value, low)]
    scope = f"{gpus} GPU(s) at work {most_busy:.0%} of the month"
    return _with_spread(ends, seconds, f"{seconds.scope}; {scope}")


def _with_spread(ends: Sequence[float], of: Quantity, scope: str) -> Quantity:
    low, value, high = ends
    known = of.low is not None and of.high is not None
    return Quantity(
        value,
        _FROM,
        of.n,
        of.source,
        scope,
        low if known else None,
        high if known else None,
        of.spread if known else None,
        of.reason,
    )


def _ends(quantity: Quantity) -> tuple[float, float]:
    """Both ends of the spread, or the value twice where it has none."""
    value = float(quantity.value or 0.0)
    return (
        value if quantity.low is None else quantity.low,
        value if quantity.high is None else quantity.high,
    )


def _verdict(
    on_demand: Quantity, always_on: Quantity, service: dict[Any, Any], offer: dict[Any, Any]
) -> str:
    def one(name: str, found: Quantity) -> str:
        if found.value is None:
            return f"{name} {found.reason}"
        if found.value == 0:
            return f"{name} cheaper from the first minute"
        return f"{name} cheaper from {found.value:,.0f} minutes a month"

    dates = (
        f"prices of {_text(service['date']) or 'no date'} and {_text(offer['date']) or 'no date'}"
    )
    old = [str(x["provider"]) for x in (service, offer) if x["stale"]]
    stale = f", stale: {', '.join(dict.fromkeys(old))}" if old else ""
    return f"{one('on demand', on_demand)}; {one('always on', always_on)} ({dates}{stale})"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _usd(value: float) -> str:
    return f"${value:.3g}"
