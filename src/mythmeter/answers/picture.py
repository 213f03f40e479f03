"""A chart of an answer with the table behind it: no plotted value without unit, n and source."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from mythmeter.errors import UnfoundedError

POSITIONS = ("x", "y", "xOffset", "yOffset")


@dataclass(frozen=True)
class Picture:
    """One chart, its words for those who cannot see it, and its table.

    Raises:
        UnfoundedError: a plotted number whose column has no unit, whose axis does not name the
            unit, or whose row has no n or no source.
    """

    name: str
    """Stem of its files: `gpus_for_users`."""
    title: str
    description: str
    """The accessible name: what is drawn, and what it shows."""
    chart: alt.TopLevelMixin
    table: pd.DataFrame
    """What is drawn, a row a mark; with the columns `n` and `source`."""
    units: Mapping[str, str]
    """Column of a plotted number -> its unit."""

    def __post_init__(self) -> None:
        if not self.description:
            raise UnfoundedError(f"picture {self.name!r} has no description")
        for column in ("n", "source"):
            if column not in self.table.columns:
                raise UnfoundedError(f"the table of picture {self.name!r} has no column {column!r}")
        plotted = list(_plotted(self.spec()))
        for channel, field, title in plotted:
            unit = self.units.get(field)
            if not unit:
                raise UnfoundedError(f"picture {self.name!r}: {field!r} is drawn without a unit")
            if channel in POSITIONS and title is not None and not _names(title, unit):
                raise UnfoundedError(
                    f"picture {self.name!r}: the title {title!r} of {channel} lacks {unit!r}"
                )
        for field in dict.fromkeys(field for _, field, _ in plotted):
            self._check_rows(field)

    def spec(self) -> dict[str, Any]:
        """Return the Vega-Lite specification, data and accessible name included."""
        spec: dict[str, Any] = self.chart.to_dict()
        return spec | {"description": self.description}

    def _check_rows(self, field: str) -> None:
        if field not in self.table.columns:
            raise UnfoundedError(f"picture {self.name!r} draws {field!r}, which its table lacks")
        drawn = self.table[self.table[field].notna()]
        unfounded = drawn[~(drawn["n"] >= 1) | drawn["source"].isna() | (drawn["source"] == "")]
        if len(unfounded):
            raise UnfoundedError(
                f"picture {self.name!r}: {len(unfounded)} values of {field!r} have no n or source"
            )


def _plotted(spec: Any) -> Iterator[tuple[str, str, str | None]]:
    """Yield channel, field and title of every number that a specification draws."""
    if isinstance(spec, list):
        for part in spec:
            yield from _plotted(part)
    if not isinstance(spec, dict):
        return
    for channel, encoding in spec.get("encoding", {}).items():
        if isinstance(encoding, dict) and encoding.get("type") == "quantitative":
            yield channel, encoding["field"], _title(encoding)
    for key, part in spec.items():
        if key in ("layer", "hconcat", "vconcat", "concat", "spec"):
            yield from _plotted(part)


def _names(title: str, unit: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(unit)}(?!\w)", title) is not None


def _title(encoding: Mapping[str, Any]) -> str | None:
    axis = encoding.get("axis") or {}
    title = encoding.get("title", axis.get("title"))
    return None if title is None else str(title)
