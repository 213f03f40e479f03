"""What a service's GPUs cost per minute of output, worked or idle."""

from dataclasses import dataclass

from mythmeter.answers.capacity.plan import Plan
from mythmeter.answers.quantity import Quantity

UNIT = "USD per minute of output"


@dataclass(frozen=True)
class Bill:
    """Cost per minute of output of one plan at one price, in USD."""

    busy_only: Quantity
    """Were only the seconds billed in which a GPU works."""
    at_peak: Quantity
    """At the busiest hour, with the GPUs that the plan asks for."""
    over_day: Quantity
    """Were the GPUs of the busiest hour kept all day."""
    wasted_at_peak: Quantity
    """Share of the peak hour's bill that pays for waiting GPUs."""
    wasted_over_day: Quantity


def bill(plan: Plan, usd_per_gpu_hour: float | None, price_source: str) -> Bill:
    """Bill the GPUs of a plan.

    The bounds of the plan's band carry over; the price is taken as exact. By Little's law the
    busy share is arrivals × service / GPUs, so the wasted share is one minus utilisation.

    Args:
        plan: from `plan_capacity`.
        usd_per_gpu_hour: price of one GPU for an hour; None: no such price is known.
        price_source: who asks it, with its date.
    """
    if usd_per_gpu_hour is None:
        lacking = Quantity.missing(UNIT, f"no price: {price_source}", price_source)
        share = Quantity.missing("share of the bill", f"no price: {price_source}", price_source)
        return Bill(lacking, lacking, lacking, share, share)
    demand, gpus = plan.demand, plan.gpus
    source = f"{price_source}; {gpus.source}"
    output_min_per_peak_h = demand.arrivals_per_s * 3600 * demand.video_s / 60

    def paid(hours: float, output_min: float) -> Quantity:
        value, low, high = (
            None if count is None else count * usd_per_gpu_hour * hours / output_min
            for count in (gpus.value, gpus.low, gpus.high)
        )
        return Quantity(
            value, UNIT, gpus.n, source, gpus.scope, low, high, gpus.spread, gpus.reason
        )

    def wasted(worked: Quantity) -> Quantity:
        assert worked.value is not None
        return Quantity(1 - worked.value, "share of the bill", gpus.n, source, gpus.scope)

    at_peak = paid(1, output_min_per_peak_h)
    assert at_peak.value is not None and plan.utilisation.value is not None
    return Bill(
        busy_only=Quantity(
            at_peak.value * plan.utilisation.value, UNIT, gpus.n, source, gpus.scope
        ),
        at_peak=at_peak,
        over_day=paid(24, demand.output_min_per_day),
        wasted_at_peak=wasted(plan.utilisation),
        wasted_over_day=wasted(plan.utilisation_day),
    )
