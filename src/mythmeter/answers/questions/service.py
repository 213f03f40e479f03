"""A service with N users: the GPUs it needs, and what they cost beside the seconds they work."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from mythmeter.answers.capacity.bill import bill
from mythmeter.answers.capacity.demand import Demand, Target
from mythmeter.answers.capacity.plan import Plan
from mythmeter.answers.cost import OfferCost
from mythmeter.answers.drawing import ACCENT, fluid, tooltips
from mythmeter.answers.measured import Measured
from mythmeter.answers.picture import Picture
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.saying import Saying


@dataclass(frozen=True)
class Service:
    """A service that makes such videos, as the configuration describes it."""

    users: Sequence[int]
    demand: Demand
    """Of the first number of users."""
    target: Target


def service_saying(plans: Sequence[Plan]) -> Saying:
    """Say how many GPUs each number of users needs."""
    numbers, parts = {}, []
    for plan in plans:
        name = f"gpus_for_{plan.demand.users}"
        numbers[name] = plan.gpus
        parts.append(f"{plan.demand.users:,} users {{{name}}}")
    demand, target = plans[0].demand, plans[0].target
    return Saying(
        f"A service whose users each ask for {demand.videos_per_user_day:g} videos of "
        f"{demand.video_s:g} s a day, and wait at most {target.wait_s:g} s in {target.percentile:g}"
        f" of 100 cases at the busiest hour, needs for {'; for '.join(parts)}.",
        numbers,
    )


def idle_sayings(
    plans: Sequence[Plan], costs: Sequence[OfferCost], measured: Measured
) -> list[Saying]:
    """Say what is paid for GPUs that wait, at the cheapest current price on demand.

    The least and the greatest number of users stand beside each other. Empty where no price is
    current.
    """
    current = [
        c
        for c in costs
        # A spot machine is taken away when somebody else wants it: no ground for a service.
        if c.gpu is not None
        and c.sold != "spot"
        and not c.stale
        and c.usd_per_output_min.value is not None
    ]
    if not current:
        return []
    offer = current[0]
    usd_per_hour = 3600 * measured.usd_per_gpu_s(offer.label)
    small, large = (
        (plan.demand.users, bill(plan, usd_per_hour, f"{offer.label} ({offer.price_date})"))
        for plan in (plans[0], plans[-1])
    )
    numbers: dict[str, Quantity] = {}
    for users, cost in (small, large):
        numbers |= {
            f"kept_all_day_{users}": cost.over_day,
            f"at_peak_{users}": cost.at_peak,
            f"idle_share_{users}": cost.wasted_over_day,
        }
    numbers["busy_only"] = small[1].busy_only
    few, many = small[0], large[0]
    return [
        Saying(
            f"Small services pay for waiting GPUs. At {offer.label}, with {few:,} users it is "
            f"{{kept_all_day_{few}}} where the GPUs of the busiest hour are kept all day, and "
            f"{{at_peak_{few}}} at that hour alone; were only working seconds billed, "
            f"{{busy_only}}. With {many:,} users it is {{kept_all_day_{many}}} and "
            f"{{at_peak_{many}}}. The share of the day's bill that pays for waiting falls from "
            f"{{idle_share_{few}}} to {{idle_share_{many}}}.",
            numbers,
        )
    ]


def users_picture(plans: Sequence[Plan]) -> Picture:
    """Draw GPUs against users, with the simulated band."""
    table = pd.DataFrame(
        [
            {
                "users": plan.demand.users,
                "gpus": plan.gpus.value,
                "low": plan.gpus.low,
                "high": plan.gpus.high,
                "formula": plan.gpus_erlang.value,
                "utilisation": plan.utilisation.value,
                "n": plan.gpus.n,
                "source": plan.gpus.source,
            }
            for plan in plans
        ]
    )
    x = alt.X(
        "users:Q",
        scale=alt.Scale(type="log", padding=20),
        title="users",
        axis=alt.Axis(values=list(table["users"]), format=","),
    )
    title = "GPUs at the busiest hour"
    scale = alt.Scale(type="log", padding=16)
    powers = [10**k for k in range(int(np.log10(table["high"].max())) + 2)]
    axis = alt.Axis(values=powers, format=",")
    base = alt.Chart(table).encode(x=x)
    band = base.mark_rule(strokeWidth=6, opacity=0.35, color=ACCENT).encode(
        y=alt.Y("low:Q", scale=scale, title=title, axis=axis), y2="high:Q"
    )
    line = base.mark_line(color=ACCENT).encode(
        y=alt.Y("gpus:Q", scale=scale, title=title, axis=axis)
    )
    marks = base.mark_point(filled=True, size=70, color=ACCENT, opacity=1).encode(
        y=alt.Y("gpus:Q", scale=scale, title=title, axis=axis),
        tooltip=tooltips({"users:Q": "users", "gpus:Q": "GPUs", "utilisation:Q": "share busy"}),
    )
    labels = base.mark_text(dy=-14, fontSize=12).encode(
        y=alt.Y("gpus:Q", scale=scale, title=title, axis=axis), text=alt.Text("gpus:Q", format=",")
    )
    return Picture(
        name="gpus_for_users",
        title="GPUs against users",
        description="Line: GPUs needed against users, both logarithmic, with the simulated band.",
        chart=fluid(alt.layer(band, line, marks, labels), 280),
        table=table,
        units={
            "users": "users",
            "gpus": "GPUs",
            "low": "GPUs",
            "high": "GPUs",
            "formula": "GPUs",
            "utilisation": "share",
        },
    )
