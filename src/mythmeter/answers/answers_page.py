"""The page of answers: one HTML file with its own copy of Vega, and its tables as files beside."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter import __version__
from mythmeter.answers.page import environment
from mythmeter.answers.question import Question, quantity_table
from mythmeter.answers.saying import Saying, with_spread, written
from mythmeter.atomic import replacing

SHOWN_ROWS = 40
"""A longer table is cut on the page; its file is whole."""


def write_answers(
    questions: Sequence[Question],
    *,
    headline: Saying,
    scope: str,
    template: Path,
    page: Path,
    folder: Path,
) -> None:
    """Write the page, and in `folder` every table of it as CSV and Parquet.

    Args:
        questions: in the order of the page.
        headline: the first sentence; its numbers are among those of the questions.
        scope: what the headline covers.
        template: of the page.
        page: the HTML file.
        folder: gets `quantities.csv`, `.parquet`, and a pair of files for each picture and table.
    """
    tables = tables_of(questions)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        with replacing(folder / f"{name}.csv") as partial:
            table.to_csv(partial, index=False)
        with replacing(folder / f"{name}.parquet") as partial:
            table.to_parquet(partial, index=False)
    text = environment(template.parent)
    text.filters.update(written=written, with_spread=with_spread)
    html = text.get_template(template.name).render(
        version=__version__,
        headline=headline,
        scope=scope,
        questions=questions,
        folder=folder.name,
        vega=vega_bundle(),
        specs={
            picture.name: script_safe(picture.spec())
            for question in questions
            for picture in question.pictures
        },
        rows={name: shown_rows(table) for name, table in tables.items()},
    )
    with replacing(page) as partial:
        partial.write_text(html, encoding="utf-8")


def tables_of(questions: Sequence[Question]) -> dict[str, pd.DataFrame]:
    """Return every table of the page by the stem of its files.

    Raises:
        ValueError: two of one name.
    """
    tables = {"quantities": quantity_table(questions)}
    for question in questions:
        pictured = {picture.name: picture.table for picture in question.pictures}
        for name, table in {**pictured, **question.tables}.items():
            if name in tables:
                raise ValueError(f"two tables of the answers are called {name!r}")
            tables[name] = table
    return tables


def vega_bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, from the installed vl-convert."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    # A closing tag inside a string of the script would end the element that carries it.
    return bundle.replace("</script", "<\\/script")


def script_safe(value: Any) -> str:
    """Return JSON that may stand inside a script element."""
    return json.dumps(value).replace("</", "<\\/")


def shown_rows(table: pd.DataFrame) -> Mapping[str, Any]:
    """Return what the page shows of a table: its columns, its first rows, how many are left."""
    return {
        "columns": list(table.columns),
        "rows": json.loads(table.head(SHOWN_ROWS).to_json(orient="values", date_format="iso")),
        "left": max(0, len(table) - SHOWN_ROWS),
    }
