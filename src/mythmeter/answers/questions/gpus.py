"""How many GPUs does one deepfake take, and a service with N users?"""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from mythmeter.answers.break_even import BreakEven, break_even, break_even_frame
from mythmeter.answers.capacity.interruptions import FORMULA, times_slower
from mythmeter.answers.capacity.plan import capacity_table, plan_for_users
from mythmeter.answers.cost import (
    OfferCost,
    held_s_per_render,
    offer_costs,
    offer_frame,
    seconds_of_renders,
)
from mythmeter.answers.drawing import (
    ACCENT,
    CALM,
    QUIET,
    fluid,
    founded,
    labelled,
    rows_px,
    tooltips,
)
from mythmeter.answers.figures import seconds
from mythmeter.answers.measured import Measured
from mythmeter.answers.picture import Picture
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.question import Question
from mythmeter.answers.questions.service import (
    Service,
    idle_sayings,
    service_saying,
    users_picture,
)
from mythmeter.answers.saying import Saying

SOURCE = "profile/usage.parquet"
MINUTE = "USD per output minute"
OFFERS_DRAWN = 12


def how_many(measured: Measured, service: Service, spot_mtbi_h: float) -> Question:
    """Answer from the GPU slots that a run held, and a simulated service with many users."""
    held, per_output = measured.held_by_a_render(), slot_per_output(measured)
    plans = plan_for_users(
        service.users,
        service.demand,
        service.target,
        measured.service_s(service.demand.video_s),
        source=measured.service_source,
        scope=measured.service_scope(service.demand.video_s),
    )
    a_minute = measured.held_per_output_of_a_minute()
    by_gpu = measured.seconds_by_gpu(a_minute)
    costs = offer_costs(measured.prices, by_gpu)
    pairs = break_even(measured.prices, by_gpu, upper_bound=measured.scope.device == "cpu")
    one = Saying(
        "One GPU is enough for one deepfake: {video} of video held it for {held}, and {once} more "
        "were paid once for the person, whose voice was enrolled and face learnt. Together that is "
        "{held_per_output}.",
        {
            "video": measured.quantity(measured.longest_output_s, "s", "output of a render"),
            "held": held,
            "once": measured.quantity(measured.once_s, "s", "held by jobs that serve all renders"),
            "held_per_output": per_output,
        },
    )
    return Question(
        key="gpus",
        title="How many GPUs does one deepfake take, and a service with N users?",
        answer=one + Saying(" ") + service_saying(plans),
        further=[
            *_caveats(measured),
            _price(costs, measured),
            *idle_sayings(plans, costs, measured),
            *_break_even(pairs),
            _spot(measured, service.demand.video_s, spot_mtbi_h),
        ],
        scope=measured.scope_text,
        command=measured.command,
        pictures=[users_picture(plans), _price_picture(costs, measured)],
        tables={
            "gpus_prices": _founded_offers(costs),
            "gpus_service": capacity_table(plans),
            "gpus_break_even": founded(break_even_frame(pairs), a_minute.n, a_minute.source),
        },
    )


def headline(question: Question, measured: Measured) -> Saying:
    """The first sentence of the page: one deepfake and its error bar."""
    numbers = question.quantities()
    held = numbers["held"]
    bar = f"no error bar: {held.reason}"
    if held.low is not None and held.high is not None:
        bar = f"{seconds(held.low)} to {seconds(held.high)}, {held.spread}, n = {held.n}"
    doing = " by a processor that does its work" if measured.scope.device == "cpu" else ""
    return Saying(
        f"A deepfake of {{video}} takes one GPU, held for {{held}} ({bar}){doing}, and {{once}} "
        "once for each person.",
        {name: numbers[name] for name in ("video", "held", "once")},
    )


def slot_per_output(measured: Measured) -> Quantity:
    """Return GPU seconds held per second of video, over the renders that were measured."""
    return seconds_of_renders(
        held_s_per_render(measured.usage, measured.output_s).values(),
        SOURCE,
        "cold; enrolment included",
    )


def _caveats(measured: Measured) -> list[Saying]:
    if measured.scope.device != "cpu":
        return []
    return [
        Saying(
            "No GPU worked in this run: a processor did the work while the GPU slot was held. The "
            "numbers of GPUs are therefore an upper bound for the same backends, and are not "
            "projected to any GPU, since a roofline between a CPU and a GPU was never measured."
        )
    ]


def _price(costs: Sequence[OfferCost], measured: Measured) -> Saying:
    fresh = [c for c in costs if not c.stale and c.usd_per_output_min.value is not None]
    rented = [c for c in fresh if c.gpu is not None]
    hosted = [c for c in costs if c.gpu is None and c.usd_per_output_min.value is not None]
    parts, numbers = [], {}
    if rented:
        first = rented[0]
        text = f"At {first.label} ({first.price_date}) it costs {{rented_minute}}"
        numbers["rented_minute"] = first.usd_per_output_min
        if measured.scope.device == "cpu":  # elsewhere it was held on another GPU than this one
            text += ", and a new person {person_once} once"
            numbers["person_once"] = measured.quantity(
                measured.once_s * measured.usd_per_gpu_s(first.label),
                "USD",
                "GPU slot held while the voice was enrolled and the face learnt",
            )
        parts.append(text)
    if hosted:
        low = hosted[0]
        old = ", a price older than 90 days" if low.stale else ""
        parts.append(f"{low.label} asks {{hosted_minute}} ({low.price_date}{old})")
        numbers["hosted_minute"] = low.usd_per_output_min
    if not parts:
        return Saying("No price in the table is younger than 90 days.")
    return Saying("; ".join(parts) + ".", numbers)


def _break_even(pairs: Sequence[BreakEven]) -> list[Saying]:
    # A spot machine is taken away when somebody else wants it: no ground for a service.
    current = [pair for pair in pairs if not pair.offer_stale and "(spot)" not in pair.offer]
    if not current:
        return []
    pair = current[0]
    text = f"Own GPU ({pair.offer}) or hosted service ({pair.service}): {pair.verdict}."
    return [Saying(_escaped(text))]


def _spot(measured: Measured, video_s: float, mtbi_h: float) -> Saying:
    job_s = float(np.median(measured.service_s(video_s)))
    slower = times_slower(job_s, mtbi_h * 3600)
    source = f"{FORMULA}; {measured.service_source}"
    number = (
        Quantity(
            slower - 1,
            "share",
            len(measured.service_s(video_s)),
            source,
            f"{measured.service_scope(video_s)}; begun from scratch at each interruption",
            reason="an expected value; the interruptions are assumed (answers.spot_mtbi_h)",
        )
        if np.isfinite(slower)
        else Quantity.missing("share", "it would practically never end", source)
    )
    return Saying(
        f"On a spot machine that is taken away every {mtbi_h:g} h on average, a video of "
        f"{video_s:g} s takes {{spot_longer}} longer.",
        {"spot_longer": number},
    )


def _escaped(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")


def _founded_offers(costs: Sequence[OfferCost]) -> pd.DataFrame:
    table = offer_frame(costs)
    return table.assign(sold=table["sold"].astype(str))


def _price_picture(costs: Sequence[OfferCost], measured: Measured) -> Picture:
    known = [c for c in costs if c.usd_per_output_min.value is not None][:OFFERS_DRAWN]
    table = pd.DataFrame(
        [
            {
                "label": cost.label,
                "usd": cost.usd_per_output_min.value,
                "low": cost.usd_per_output_min.low,
                "high": cost.usd_per_output_min.high,
                "kind": "hosted service"
                if cost.gpu is None
                else "price older than 90 days"
                if cost.stale
                else "current price",
                "n": cost.usd_per_output_min.n,
                "source": cost.usd_per_output_min.source,
            }
            for cost in known
        ]
    )
    bound = ", upper bound: a CPU worked" if measured.scope.device == "cpu" else ""
    title = f"{MINUTE}{bound}"
    base = alt.Chart(table).encode(y=labelled("label", list(table["label"])))
    layers = []
    bars = base.mark_bar().encode(
        x=alt.X("usd:Q", title=title),
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(
                domain=["current price", "price older than 90 days", "hosted service"],
                range=[CALM, QUIET, ACCENT],
            ),
            legend=alt.Legend(title=None, orient="bottom", columns=2),
        ),
        tooltip=tooltips({"label": "offer", "usd:Q": MINUTE}),
    )
    if table["low"].notna().any():
        layers.append(
            base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q")
        )
    return Picture(
        name="gpus_price",
        title="What a minute of video costs in GPU rent",
        description=f"Bars: {MINUTE} by offer, cheapest first; {table['label'].iloc[0]} leads.",
        chart=fluid(alt.layer(bars, *layers), rows_px(len(table))),
        table=table,
        units={"usd": MINUTE, "low": MINUTE, "high": MINUTE},
    )
