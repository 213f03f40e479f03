"""What all pictures of the answers share: sizes, colours, and a width that follows the page."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from mythmeter.answers.stages import STAGES

PALETTE = (
    "#4c6a92",
    "#a3a3a3",
    "#6b9ac4",
    "#3f8f78",
    "#c06c52",
    "#8c5b9c",
    "#d1a23b",
    "#b0476d",
    "#7a8450",
)
STAGE_COLOUR = alt.Scale(domain=list(STAGES), range=list(PALETTE))
ACCENT = "#b0476d"
CALM = "#6b9ac4"
QUIET = "#a3a3a3"

BAR_PX = 26
LABEL_LIMIT_PX = 150
"""Longer labels are cut, so that a chart can be read on a phone; the table has them whole."""


def fluid(chart: Any, height_px: int) -> Any:
    """Let a chart take the width of the page and this height."""
    return chart.properties(
        width="container",
        height=height_px,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )


def rows_px(names: int) -> int:
    """Return the height of a chart with a bar for each of so many names.

    A step for each would be Vega's own way, but it will not fit a width then.
    """
    return BAR_PX * max(1, names)


def labelled(field: str, sort: Any = None, title: str | None = None) -> alt.Y:
    """A vertical axis of names."""
    return alt.Y(
        f"{field}:N",
        sort=sort,
        title=title,
        axis=alt.Axis(labelLimit=LABEL_LIMIT_PX, ticks=False, domain=False),
    )


def founded(table: pd.DataFrame, n: int, source: str) -> pd.DataFrame:
    """Give every row of a table the same n and source."""
    return table.assign(n=n, source=source)


def tooltips(columns: Mapping[str, str]) -> list[alt.Tooltip]:
    """Tooltips by column and title; numbers with three significant digits."""
    shown = []
    for shorthand, title in columns.items():
        field, _, kind = shorthand.partition(":")
        form = ".3~g" if kind == "Q" else alt.Undefined
        shown.append(alt.Tooltip(f"{field}:{kind or 'N'}", title=title, format=form))
    return shown
