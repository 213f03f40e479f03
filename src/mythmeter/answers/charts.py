"""The pictures of the report, drawn with Altair and written as SVG."""

from pathlib import Path

import altair as alt
import pandas as pd

from mythmeter.answers.cost import Scope
from mythmeter.answers.drawing import STAGE_COLOUR
from mythmeter.answers.stages import stage_of
from mythmeter.atomic import replacing

WIDTH_PX = 680


def scope_text(scope: Scope) -> str:
    """The line under every chart: what was measured, on what."""
    return (
        f"{scope.renders} render{'s' if scope.renders > 1 else ''}, {scope.output_s:.1f} s of "
        f"output; n = 1 run; device: "
        f"{scope.device}; {scope.processor}, {scope.logical_cores} logical cores"
    )


def _title(text: str, scope: Scope) -> alt.TitleParams:
    return alt.TitleParams(text, subtitle=scope_text(scope), anchor="start", fontSize=15)


def cost_per_stage(stages: pd.DataFrame, scope: Scope) -> alt.Chart:
    """Bars: CPU seconds per second of output by stage, cold and warm."""
    names = {"cpu_s_per_output_s": "cold (all)", "warm_cpu_s_per_output_s": "warm (steady only)"}
    table = stages.melt("stage", list(names), var_name="scope", value_name="seconds")
    table["scope"] = table["scope"].map(names)
    return (
        alt.Chart(table, title=_title("Compute per stage", scope))
        .mark_bar()
        .encode(
            y=alt.Y("stage:N", sort=list(stages["stage"]), title=None),
            yOffset=alt.YOffset("scope:N", sort=list(names.values())),
            x=alt.X("seconds:Q", title="CPU seconds per second of output"),
            color=alt.Color("stage:N", scale=STAGE_COLOUR, legend=None),
            opacity=alt.Opacity(
                "scope:N",
                scale=alt.Scale(domain=list(names.values()), range=[1.0, 0.5]),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
        )
        .properties(width=WIDTH_PX, height=alt.Step(13))
    )


def _jobs(usage: pd.DataFrame) -> pd.DataFrame:
    """One row a job: stage, lane, and seconds since the first job of the table began."""
    job_start = usage["started_at"] - pd.to_timedelta(usage["start_s"], unit="s")
    jobs = (
        usage.assign(job_start=job_start, stage=usage["rule"].map(stage_of))
        .groupby("job")
        .agg(
            rule=("rule", "first"),
            stage=("stage", "first"),
            start=("job_start", "min"),
            wall_s=("job_wall_s", "first"),
            gpu=("gpu_granted", "first"),
        )
        .reset_index()
    )
    jobs["start_s"] = (jobs["start"] - jobs["start"].min()).dt.total_seconds()
    jobs["end_s"] = jobs["start_s"] + jobs["wall_s"]
    jobs["lane"] = jobs["gpu"].map(lambda gpus: "holds a GPU slot" if gpus else "CPU only")
    return jobs.drop(columns="start").sort_values("start_s", ignore_index=True)


def gantt(usage: pd.DataFrame, scope: Scope) -> alt.Chart:
    """Bars in time: which job ran when, with the GPU slot's lane on top."""
    jobs = _jobs(usage)
    bars = (
        alt.Chart(jobs)
        .mark_bar(height=9)
        .encode(
            x=alt.X("start_s:Q", title="seconds since the first job"),
            x2="end_s:Q",
            y=alt.Y("job:N", sort=list(jobs["job"]), title=None, axis=alt.Axis(labelLimit=220)),
            color=alt.Color("stage:N", scale=STAGE_COLOUR, legend=None),
        )
        .properties(width=WIDTH_PX - 90, height=alt.Step(13))
    )
    return (
        bars.facet(
            row=alt.Row(
                "lane:N",
                sort=["holds a GPU slot", "CPU only"],
                title=None,
                header=alt.Header(labelOrient="top", labelAnchor="start", labelFontWeight="bold"),
            )
        )
        .resolve_scale(y="independent")
        .properties(title=_title("When each job ran", scope))
    )


def peak_memory(usage: pd.DataFrame, scope: Scope) -> alt.Chart:
    """Bars: the highest resident memory of any job of each rule."""
    table = usage.groupby("rule", as_index=False)["peak_rss_bytes"].max()
    table["stage"] = table["rule"].map(stage_of)
    table["peak_mib"] = table["peak_rss_bytes"] / 2**20
    return (
        alt.Chart(table, title=_title("Peak memory", scope))
        .mark_bar()
        .encode(
            y=alt.Y("rule:N", sort="-x", title=None),
            x=alt.X("peak_mib:Q", title="peak resident memory, MiB (job and its child processes)"),
            color=alt.Color(
                "stage:N", scale=STAGE_COLOUR, legend=alt.Legend(title=None, orient="right")
            ),
        )
        .properties(width=WIDTH_PX - 60, height=alt.Step(15))
    )


def price_per_minute(prices: pd.DataFrame, scope: Scope) -> alt.Chart:
    """Bars: USD per minute of output at each GPU's hourly price."""
    table = prices.dropna(subset=["usd_per_output_min"]).copy()
    hosted = table["gpu"].isna()
    table["label"] = table["gpu"].where(~hosted, table["provider"]) + " · " + table["offer"]
    table["label"] += table["scope"].map({"spot": " (spot)"}).fillna("")
    table["age"] = table["stale"].map({True: "price older than 90 days", False: "current price"})
    bound = "an upper bound: a CPU did the work" if scope.device == "cpu" else "as billed"
    return (
        alt.Chart(table, title=_title("Price of the GPU slot", scope))
        .mark_bar()
        .encode(
            y=alt.Y("label:N", sort="x", title=None, axis=alt.Axis(labelLimit=260)),
            x=alt.X("usd_per_output_min:Q", title=f"USD per minute of output ({bound})"),
            color=alt.Color(
                "age:N",
                scale=alt.Scale(
                    domain=["current price", "price older than 90 days"],
                    range=["#4c6a92", "#c9c9c9"],
                ),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
        )
        .properties(width=WIDTH_PX - 120, height=alt.Step(15))
    )


def write_svg(chart: alt.Chart, path: Path) -> None:
    """Save a chart as SVG, with no network and no browser."""
    with replacing(path) as partial:
        chart.save(str(partial), format="svg")
