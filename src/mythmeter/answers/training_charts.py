"""Pictures of the training page."""

import base64
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from mythmeter.answers.charts import WIDTH_PX, write_svg


def quality_chart(table: pd.DataFrame, scope: str) -> alt.VConcatChart:
    """Points: four qualities of each swap against the seconds it took to learn."""
    titles = {
        "identity_to_person": "distance to the person (dlib)",
        "expression_error": "expression error (% of eye distance)",
        "landmark_jitter": "jitter (% of eye distance)",
        "change_outside_face": "change outside the face (levels of 255)",
    }
    rows = [_points(table, column, title) for column, title in titles.items()]
    grid = alt.vconcat(alt.hconcat(*rows[:2]), alt.hconcat(*rows[2:]))
    return grid.properties(title=_title("Quality against compute; lower is better", scope))


def _points(table: pd.DataFrame, column: str, title: str) -> alt.LayerChart:
    pair = table["person"] + " on " + table["target"]
    shown = table.assign(pair=pair)[["learn_s", column, "name", "pair"]].dropna()
    base = alt.Chart(shown).encode(
        x=alt.X("learn_s:Q", scale=alt.Scale(type="log"), title="seconds of learning"),
        y=alt.Y(f"{column}:Q", scale=alt.Scale(zero=False, padding=20), title=title),
        color=alt.Color("pair:N", legend=alt.Legend(title=None, orient="bottom")),
    )
    marks = base.mark_point(filled=True, size=70)
    labels = base.mark_text(align="left", dx=7, dy=-7, fontSize=11).encode(text="name:N")
    return (marks + labels).properties(width=WIDTH_PX / 2 - 60, height=190)


def held_out_chart(trainings: Sequence[Mapping[str, Any]], scope: str) -> alt.HConcatChart:
    """Lines: loss, and error on held-out frames, against the seconds trained."""
    table = pd.DataFrame(
        [{**look, "training": t["name"]} for t in trainings for look in t["history"]]
    )
    base = alt.Chart(table).encode(
        x=alt.X("cpu_s:Q", title="CPU seconds trained"),
        color=alt.Color(
            "training:N", legend=alt.Legend(title=None, orient="bottom", labelLimit=400)
        ),
    )
    size = {"width": WIDTH_PX / 2 - 60, "height": 190}
    errors = base.mark_line(point=True).encode(
        y=alt.Y("held_out_error:Q", scale=alt.Scale(zero=False), title="held out, levels of 255")
    )
    losses = base.mark_line(point=True).encode(
        y=alt.Y("loss:Q", scale=alt.Scale(type="log"), title="loss (each swapper's own)")
    )
    both = alt.hconcat(errors.properties(**size), losses.properties(**size))
    return both.properties(title=_title("How training went", scope))


def identity_chart(
    trainings: Sequence[Mapping[str, Any]], free: float | None, scope: str
) -> alt.LayerChart | None:
    """Lines: distance to the person against the seconds trained; a rule where no training gets.

    None where no training measured it. The rule is of the finished video, the lines are of some
    crops.
    """
    looks = [{**look, "training": t["name"]} for t in trainings for look in t["history"]]
    table = pd.DataFrame(look for look in looks if "identity_to_person" in look)
    if table.empty:
        return None
    lines = (
        alt.Chart(table)
        .mark_line(point=True)
        .encode(
            x=alt.X("cpu_s:Q", scale=alt.Scale(type="log"), title="CPU seconds trained"),
            y=alt.Y(
                "identity_to_person:Q",
                scale=alt.Scale(zero=False),
                title="distance to the person (dlib)",
            ),
            color=alt.Color(
                "training:N", legend=alt.Legend(title=None, orient="bottom", labelLimit=400)
            ),
        )
    )
    without = alt.Chart(pd.DataFrame({"free": [] if free is None else [free]}))
    rule = without.mark_rule(strokeDash=[4, 3], color="#5d6672").encode(y="free:Q")
    return (lines + rule).properties(
        width=WIDTH_PX - 60, height=220, title=_title("Nearer to the person, by seconds", scope)
    )


def _title(text: str, scope: str) -> alt.TitleParams:
    return alt.TitleParams(text, subtitle=scope, anchor="start", fontSize=15)


def svg_uri(chart: Any) -> str:
    """Return a chart as a `data:` address of its SVG."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chart.svg"
        write_svg(chart, path)
        return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()
