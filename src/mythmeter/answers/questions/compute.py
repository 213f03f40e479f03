"""Which stage takes most compute?"""

import altair as alt
import pandas as pd

from mythmeter.answers.cost import Scope, stage_costs
from mythmeter.answers.drawing import STAGE_COLOUR, fluid, founded, labelled, rows_px, tooltips
from mythmeter.answers.picture import Picture
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.question import Question
from mythmeter.answers.saying import Saying
from mythmeter.answers.timeline import busy_cores, jobs_in_lanes

SOURCE = "profile/usage.parquet"
PER_OUTPUT = "CPU s per s of video"


def which_stage(usage: pd.DataFrame, scope: Scope, scope_text: str, command: str) -> Question:
    """Answer from the usage records of a run.

    Args:
        usage: rows of `usage.parquet`.
        scope: what came out of the run.
        scope_text: the same in words.
        command: reproduces the run.
    """
    stages = stage_costs(usage, scope.output_s)
    needed = stages[stages["needed"]]
    busiest = needed.loc[needed["cpu_s"].idxmax()]
    total_s = float(needed["cpu_s"].sum())
    share = float(busiest["cpu_s"]) / total_s
    warm_s = float(needed["warm_cpu_s"].sum())
    numbers = {
        "busiest_share": _quantity(share, "share", "cold, all stages that a deepfake needs"),
        "busiest_cpu": _quantity(float(busiest["cpu_s"]), "s", f"cold, stage {busiest['stage']}"),
        "compute_per_output": _quantity(total_s / scope.output_s, PER_OUTPUT, "cold"),
    }
    further = {
        "warm_share": _quantity(warm_s / total_s, "share", "steady phases over all phases"),
    }
    return Question(
        key="compute",
        title="Which stage takes most compute?",
        answer=Saying(
            f"{str(busiest['stage']).capitalize()}: {{busiest_share}} of all processor time, "
            "{busiest_cpu}. The whole walk costs {compute_per_output}.",
            numbers,
        ),
        further=[
            Saying(
                "{warm_share} of that is steady work; the rest imports libraries and loads models, "
                "which a service that keeps them warm pays once.",
                further,
            )
        ],
        scope=scope_text,
        command=command,
        pictures=[_waterfall(needed), _timeline(usage), _utilisation(usage)],
        tables={"compute_stages": founded(stages, 1, SOURCE)},
    )


def _quantity(value: float, unit: str, scope: str) -> Quantity:
    return Quantity(value, unit, 1, SOURCE, scope, reason="n = 1 run")


def _waterfall(stages: pd.DataFrame) -> Picture:
    per_output = stages["cpu_s_per_output_s"]
    table = founded(
        pd.DataFrame(
            {
                "stage": stages["stage"],
                "from": per_output.cumsum() - per_output,
                "to": per_output.cumsum(),
                "cpu_s_per_output_s": per_output,
            }
        ),
        1,
        SOURCE,
    )
    base = alt.Chart(table).encode(y=labelled("stage", list(stages["stage"])))
    bars = base.mark_bar().encode(
        x=alt.X("from:Q", title=PER_OUTPUT),
        x2="to:Q",
        color=alt.Color("stage:N", scale=STAGE_COLOUR, legend=None),
        tooltip=tooltips({"stage": "stage", "cpu_s_per_output_s:Q": PER_OUTPUT}),
    )
    numbers = base.mark_text(align="left", dx=4).encode(
        x=alt.X("to:Q", title=PER_OUTPUT),
        text=alt.Text("cpu_s_per_output_s:Q", format=".2~f"),
    )
    top = stages.loc[per_output.idxmax(), "stage"]
    return Picture(
        name="compute_waterfall",
        title="Where each second of video costs its compute",
        description=f"Waterfall of CPU seconds per second of video by stage; {top} is the largest.",
        chart=fluid(alt.layer(bars, numbers), rows_px(len(table))),
        table=table,
        units={"from": PER_OUTPUT, "to": PER_OUTPUT, "cpu_s_per_output_s": PER_OUTPUT},
    )


def _timeline(usage: pd.DataFrame) -> Picture:
    table = founded(jobs_in_lanes(usage), 1, SOURCE)
    lanes = list(dict.fromkeys(table["lane"]))
    title = "s of work since the first job (idle time between runs cut out)"
    chart = (
        alt.Chart(table)
        .mark_bar(stroke="#ffffff", strokeWidth=0.5)
        .encode(
            x=alt.X("start_s:Q", title=title),
            x2="end_s:Q",
            y=labelled("lane", lanes),
            color=alt.Color(
                "stage:N",
                scale=STAGE_COLOUR,
                legend=alt.Legend(title=None, orient="bottom", columns=4),
            ),
            tooltip=tooltips({"job": "job", "wall_s:Q": "s", "busy_share:Q": "share GPU busy"}),
        )
    )
    if table["busy_share"].notna().any():
        chart = chart.encode(
            opacity=alt.Opacity(
                "busy_share:Q",
                scale=alt.Scale(domain=[0, 1], range=[0.25, 1]),
                legend=alt.Legend(title="share GPU busy", orient="bottom"),
            )
        )
    return Picture(
        name="compute_timeline",
        title="Which job held what, and when",
        description=(
            f"Gantt chart of {len(table)} jobs in {len(lanes)} lanes: GPU slots above, jobs that "
            "hold none below."
        ),
        chart=fluid(chart, rows_px(len(lanes))),
        table=table,
        units={"start_s": "s", "end_s": "s", "wall_s": "s", "busy_share": "share"},
    )


def _utilisation(usage: pd.DataFrame) -> Picture:
    table = founded(busy_cores(usage), 1, SOURCE)
    chart = (
        alt.Chart(table)
        .mark_area(interpolate="step-after", opacity=0.8)
        .encode(
            x=alt.X("time_s:Q", title="s of work since the first job"),
            y=alt.Y("cores:Q", title="cores at work"),
            color=alt.Color(
                "holding:N",
                scale=alt.Scale(
                    domain=["a GPU slot held", "no GPU slot held"], range=["#b0476d", "#a3a3a3"]
                ),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
        )
    )
    return Picture(
        name="compute_utilisation",
        title="How busy the processor was",
        description="Area over time: cores at work, by jobs that held a GPU slot and by others.",
        chart=fluid(chart, 140),
        table=table,
        units={"time_s": "s", "cores": "cores"},
    )
