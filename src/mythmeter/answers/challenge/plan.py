"""What it costs to score many submissions on rented GPUs.

hours = submissions * hours each; GPUs = hours / (24 * days), and a reserve on top; on another GPU
the hours grow by the ratio of their speeds and the price falls. Failed submissions cost as much as
others, so the price of a success is the bill over the successes.
"""

import math
from dataclasses import dataclass

from mythmeter.answers.quantity import Quantity
from mythmeter.errors import AnswerError


@dataclass(frozen=True)
class Batch:
    """What is to be scored, and on what."""

    submissions: float
    hours_each: float
    """GPU hours of one submission on the first GPU."""
    days: float
    usd_per_hour: float
    times_as_long: Quantity
    """Hours on the other GPU for one on the first; from `projection.time_ratio`, or measured."""
    other_usd_per_hour: float
    source: str
    reserve_share: float = 0.0
    """GPUs kept ready on top of those needed, as a share of them."""
    success_share: float = 1.0
    """Submissions that get a score."""


@dataclass(frozen=True)
class BatchPlan:
    """What a batch comes to on the first GPU and on the other."""

    hours: Quantity
    gpus: Quantity
    gpus_with_reserve: Quantity
    usd: Quantity
    usd_per_success: Quantity
    other_hours: Quantity
    other_gpus: Quantity
    other_usd: Quantity
    saving_share: Quantity
    """Of the first GPU's bill; negative where the other is dearer."""


def plan(batch: Batch) -> BatchPlan:
    """Work out hours, GPUs and dollars; what hangs on the ratio of speeds carries its interval.

    Raises:
        AnswerError: an input that makes no sense.
    """
    for name in ("submissions", "hours_each", "days", "usd_per_hour", "other_usd_per_hour"):
        if not (math.isfinite(getattr(batch, name)) and getattr(batch, name) > 0):
            raise AnswerError(f"{name} of a batch is {getattr(batch, name)}; it must be above 0")
    if not (0 < batch.success_share <= 1 and batch.reserve_share >= 0):
        raise AnswerError("success_share must be above 0 and at most 1, reserve_share at least 0")
    hours = batch.submissions * batch.hours_each
    usd = hours * batch.usd_per_hour
    needed = math.ceil(hours / (24 * batch.days))
    ratio = batch.times_as_long

    def exact(value: float, unit: str, scope: str = "") -> Quantity:
        return Quantity(
            value, unit, 1, batch.source, scope, reason="worked out from single figures"
        )

    def by_ratio(factor: float, unit: str, offset: float = 0.0, whole: bool = False) -> Quantity:
        if ratio.value is None:
            return Quantity.missing(unit, str(ratio.reason), batch.source)
        rounded = math.ceil if whole else float
        value = rounded(offset + factor * ratio.value)
        low = high = None
        if ratio.low is not None and ratio.high is not None:
            low, high = sorted(rounded(offset + factor * end) for end in (ratio.low, ratio.high))
        source = f"{batch.source} x {ratio.source}"
        return Quantity(value, unit, 1, source, "", low, high, ratio.spread, ratio.reason)

    other = hours * batch.other_usd_per_hour
    return BatchPlan(
        hours=exact(hours, "GPU h"),
        gpus=exact(needed, "GPUs", f"for {batch.days:g} days"),
        gpus_with_reserve=exact(math.ceil(needed * (1 + batch.reserve_share)), "GPUs"),
        usd=exact(usd, "USD"),
        usd_per_success=exact(usd / (batch.submissions * batch.success_share), "USD per success"),
        other_hours=by_ratio(hours, "GPU h"),
        other_gpus=by_ratio(hours / (24 * batch.days), "GPUs", whole=True),
        other_usd=by_ratio(other, "USD"),
        saving_share=by_ratio(-other / usd, "share of the bill", offset=1.0),
    )
