"""How does it scale: longer video, more users?"""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from mythmeter.answers.at_once.compared import BatchWait
from mythmeter.answers.drawing import ACCENT, CALM, STAGE_COLOUR, fluid, labelled, rows_px, tooltips
from mythmeter.answers.picture import Picture
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.question import Question
from mythmeter.answers.saying import Saying
from mythmeter.answers.scaling import WHOLE, ScalingFit, fit_stages

TITLE = "How does it scale: longer video, more users?"
LENGTHS = "experiments/length.parquet"
USERS = "experiments/users.parquet"
COMMAND = "make experiments"
CPU = "CPU s"


def how_it_scales(lengths: pd.DataFrame | None, waits: Sequence[BatchWait]) -> Question:
    """Answer from the experiments on length and on users at once.

    Args:
        lengths: rows of `experiments/length.parquet`; None: it was not run.
        waits: from `batch_waits`, a batch each; empty: the experiment was not run.
    """
    fits = {} if lengths is None else length_fits(lengths)
    sayings = [_length_saying(fits) if fits else Saying("Longer video: not measured yet.")]
    sayings.append(_users_saying(waits) if waits else Saying("More users: not measured yet."))
    pictures = []
    if lengths is not None and fits[WHOLE].line is not None:
        pictures += [_length_picture(lengths, fits[WHOLE]), _stage_picture(fits)]
    if waits:
        pictures.append(_waiting_picture(waits))
    return Question(
        key="scaling",
        title=TITLE,
        answer=sayings[0] + Saying(" ") + sayings[1],
        further=[*_stage_sayings(fits), *_band_sayings(waits)],
        scope=_scope(lengths),
        command=COMMAND,
        pictures=pictures,
        tables={} if lengths is None else {"scaling_measured": lengths},
    )


def length_fits(lengths: pd.DataFrame) -> dict[str, ScalingFit]:
    """Fit each stage's CPU seconds, and the whole's, against the length of the renders."""
    own = lengths[(lengths["scope"] == "render") & (lengths["stage"] != WHOLE)]
    table = own.rename(columns={"render": "run", "output_s": "length_s"})
    return fit_stages(
        table, source=LENGTHS, scope="cold, a render alone, shared work left out", seconds="cpu_s"
    )


def _scope(lengths: pd.DataFrame | None) -> str:
    if lengths is None:
        return "nothing was measured"
    first = lengths.iloc[0]
    renders = lengths.loc[lengths["scope"] == "render", "render"].nunique()
    return (
        f"{renders} renders, one of each length, of the same person and footage; "
        f"{first['processor']}, {first['logical_cores']} logical cores, device {first['device']}"
    )


def _length_saying(fits: Mapping[str, ScalingFit]) -> Saying:
    whole = fits[WHOLE]
    if whole.line is None:
        return Saying(f"Longer video: not fitted, {whole.once.reason}.")
    power = whole.exponent.value or 1.0
    kind = "in proportion to its length"
    if not whole.is_linear:
        kind = f"{'less' if power < 1 else 'more'} than in proportion to its length"
    fixed = (
        "what is paid once a render cannot be told from nothing"
        if whole.once_is_zero
        else "{once_a_render} are paid once a render"
    )
    return Saying(
        f"The processor time of a video grows {kind}: {{per_second}}, and {fixed}.",
        {"per_second": whole.per_output_s, "once_a_render": whole.once}
        if not whole.once_is_zero
        else {"per_second": whole.per_output_s},
    )


def _stage_sayings(fits: Mapping[str, ScalingFit]) -> list[Saying]:
    if not fits or fits[WHOLE].line is None:
        return []
    whole = fits[WHOLE]
    contains = "contains" if whole.is_linear else "does not contain"
    sayings = [
        Saying(
            "On logarithmic axes the seconds grow with the power {exponent} of the length; its "
            f"interval {contains} 1. Below 1 means that fixed costs still weigh.",
            {"exponent": whole.exponent},
        )
    ]
    steep = max(
        (fit for name, fit in fits.items() if name != WHOLE and fit.per_output_s.value is not None),
        key=lambda fit: fit.per_output_s.value or 0.0,
    )
    sayings.append(
        Saying(
            f"The stage that grows fastest is {steep.stage}: {{steepest}}. A text-to-video "
            "diffusion model grows with the square of the length (arXiv 2509.19222); this walk "
            "works frame by frame.",
            {"steepest": steep.per_output_s},
        )
    )
    return sayings


def _users_saying(waits: Sequence[BatchWait]) -> Saying:
    most = waits[-1]
    return Saying(
        f"With {most.batch} users at once on {most.gpus} GPU slot and {most.cores} cores, the last "
        "one had waited {last_wait} of {last_finish}.",
        {
            "last_wait": _measured(most.waiting_s, most),
            "last_finish": _measured(most.finish_s, most),
        },
    )


def _band_sayings(waits: Sequence[BatchWait]) -> list[Saying]:
    return [Saying(wait.sentence) for wait in waits]


def _measured(value: float, wait: BatchWait) -> Quantity:
    return Quantity(
        value, "s", 1, USERS, f"batch of {wait.batch} renders", reason="n = 1 batch of each size"
    )


def _length_picture(lengths: pd.DataFrame, fit: ScalingFit) -> Picture:
    own = lengths[(lengths["scope"] == "render") & (lengths["stage"] == WHOLE)]
    points = own[["output_s", "cpu_s", "render", "n", "source"]].assign(kind="measured")
    longest = float(own["output_s"].max())
    line = fit.curve(list(np.linspace(0.0, longest * 1.1, 40)))
    line = line.rename(columns={"length_s": "output_s", "fitted_s": "cpu_s"})
    line = line.assign(kind="fitted", n=fit.n, source=f"least squares; {LENGTHS}")
    table = pd.concat([points, line], ignore_index=True)
    x = alt.X("output_s:Q", title="s of video")
    base = alt.Chart(table)
    fitted, measured = (
        base.transform_filter(alt.datum.kind == kind) for kind in ("fitted", "measured")
    )
    band = fitted.mark_area(opacity=0.2, color=CALM, clip=True).encode(
        x=x,
        y=alt.Y("mean_low_s:Q", title=CPU, scale=alt.Scale(domainMin=0)),
        y2="mean_high_s:Q",
    )
    curve = fitted.mark_line(color=CALM).encode(x=x, y=alt.Y("cpu_s:Q", title=CPU))
    marks = measured.mark_point(filled=True, size=80, color=ACCENT, opacity=1).encode(
        x=x,
        y=alt.Y("cpu_s:Q", title=CPU),
        tooltip=tooltips({"render": "render", "output_s:Q": "s of video", "cpu_s:Q": CPU}),
    )
    return Picture(
        name="scaling_length",
        title="Compute against length: measured, fitted, and the 95 % band of the line",
        description="Points and a line: CPU seconds of a render against seconds of video.",
        chart=fluid(alt.layer(band, curve, marks), 260),
        table=table,
        units={"output_s": "s of video", "cpu_s": CPU, "mean_low_s": CPU, "mean_high_s": CPU},
    )


def _stage_picture(fits: Mapping[str, ScalingFit]) -> Picture:
    unit = "CPU s per s of video"
    table = pd.DataFrame(
        [
            {
                "stage": name,
                "per_output_s": fit.per_output_s.value,
                "low": fit.per_output_s.low,
                "high": fit.per_output_s.high,
                "once_s": fit.once.value,
                "n": fit.per_output_s.n,
                "source": fit.per_output_s.source,
            }
            for name, fit in fits.items()
            if name != WHOLE
        ]
    )
    base = alt.Chart(table).encode(y=labelled("stage", list(table["stage"])))
    title = f"{unit}, each further second"
    bars = base.mark_bar().encode(
        x=alt.X("per_output_s:Q", title=title),
        color=alt.Color("stage:N", scale=STAGE_COLOUR, legend=None),
        tooltip=tooltips({"stage": "stage", "per_output_s:Q": unit, "once_s:Q": "CPU s once"}),
    )
    spread = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    return Picture(
        name="scaling_stages",
        title="Which stage grows with the video",
        description="Bars with 95 % intervals: CPU seconds for each further second of video.",
        chart=fluid(alt.layer(bars, spread), rows_px(len(table))),
        table=table,
        units={"per_output_s": unit, "low": unit, "high": unit, "once_s": "CPU s"},
    )


def _waiting_picture(waits: Sequence[BatchWait]) -> Picture:
    table = pd.DataFrame(
        [
            {
                "batch": wait.batch,
                "measured": wait.makespan_s,
                "low": wait.low_s,
                "high": wait.high_s,
                "alone": wait.alone_s,
                "n": 1,
                "source": USERS,
            }
            for wait in waits
        ]
    )
    x = alt.X("batch:O", title="renders started at once", axis=alt.Axis(labelAngle=0))
    title = "s until the last was finished"
    base = alt.Chart(table).encode(x=x)
    band = base.mark_bar(width=26, opacity=0.3, color=CALM).encode(
        y=alt.Y("low:Q", title=title, scale=alt.Scale(zero=True)), y2="high:Q"
    )
    marks = base.mark_point(filled=True, size=90, color=ACCENT, opacity=1).encode(
        y=alt.Y("measured:Q", title=title),
        tooltip=tooltips({"batch": "renders", "measured:Q": "s", "low:Q": "s", "high:Q": "s"}),
    )
    return Picture(
        name="scaling_waiting",
        title="Waiting: measured (points) and the simulation's 90 % band (bars)",
        description="Points over bars: seconds until the last of k renders was finished.",
        chart=fluid(alt.layer(band, marks), 240),
        table=table,
        units={"measured": "s", "low": "s", "high": "s", "alone": "s"},
    )
