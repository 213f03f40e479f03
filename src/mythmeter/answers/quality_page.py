"""Rule show_quality: the page that shows each render, and every figure of it beside its control."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from mythmeter import __version__
from mythmeter.answers.answers_page import script_safe, shown_rows, vega_bundle
from mythmeter.answers.outputs import read_json
from mythmeter.answers.page import data_uri, environment
from mythmeter.answers.quality_figures import (
    figure_text,
    figures_of,
    figures_table,
    headline,
    summary,
)
from mythmeter.answers.quality_pictures import flicker_over_time, identity_over_time, sync_by_offset
from mythmeter.answers.saying import written
from mythmeter.atomic import replacing
from mythmeter.provenance.receipt import check_receipt


@dataclass(frozen=True)
class ScoredRender:
    """A finished render and what was found in it."""

    name: str
    language: str
    video: Path
    captions: Path
    poster: Path
    marks: Path
    """Receipt of `verify_render`."""
    scores: Path
    """JSON, Parquet and contact sheet of `score_render`."""
    frames: Path
    sheet: Path


def show_quality(
    renders: Sequence[ScoredRender],
    *,
    template: Path,
    page: Path,
    parquet: Path,
    csv: Path,
    signing: Path | None = None,
) -> None:
    """Write the page and its table.

    Args:
        renders: in the order of the page.
        template: of the page.
        page: the HTML file; the renders are played from where they lie, relative to it.
        parquet, csv: every figure and every control, a row each.
        signing: folder of our certificate; None: the usual one.

    Raises:
        ProvenanceError: a receipt that we did not write so, or not of the file beside it.
        UnfoundedError: a figure without unit, n or source.
    """
    shown = [_view(render, page, signing) for render in renders]
    every = [figure for view in shown for group in view["groups"].values() for figure in group]
    table = figures_table(every)
    with replacing(parquet) as partial:
        table.to_parquet(partial, index=False)
    with replacing(csv) as partial:
        table.to_csv(partial, index=False)
    text = environment(template.parent)
    text.filters.update(figure_text=figure_text, written=written)
    html = text.get_template(template.name).render(
        version=__version__,
        headline=headline({view["name"]: view["figures"] for view in shown}),
        renders=shown,
        table=csv.name,
        vega=vega_bundle(),
    )
    with replacing(page) as partial:
        partial.write_text(html, encoding="utf-8")


def _view(render: ScoredRender, page: Path, signing: Path | None) -> dict[str, Any]:
    scores = read_json(render.scores)
    table = pq.read_table(render.frames)
    rate = Fraction((table.schema.metadata or {})[b"rate"].decode())
    frames = table.to_pandas()
    scope = _scope(render, frames, rate, scores["sampled_every_frames"])
    groups = figures_of(render.name, scores, f"quality/{render.scores.name}", scope)
    figures = {figure.name: figure for group in groups.values() for figure in group}
    source = f"quality/{render.frames.name}"
    drawn = [
        sync_by_offset(render.name, scores, rate, f"quality/{render.scores.name}"),
        identity_over_time(render.name, frames, rate, scores["same_person_under"], source),
        flicker_over_time(render.name, frames, rate, source),
    ]
    pictures = [picture for picture in drawn if not isinstance(picture, str)]
    return {
        "name": render.name,
        "language": render.language,
        "video": _beside(render.video, page),
        # A browser refuses captions from another file of a disk, so they are carried inside.
        "captions": data_uri(render.captions),
        "poster": data_uri(render.poster),
        "sheet": data_uri(render.sheet),
        "marks": check_receipt(render.marks, render.video, signing),
        "scope": scope,
        "summary": summary(figures),
        "figures": figures,
        "groups": groups,
        "joins": scores["joins"],
        "pictures": pictures,
        "undrawn": [reason for reason in drawn if isinstance(reason, str)],
        "specs": {picture.name: script_safe(picture.spec()) for picture in pictures},
        "rows": {picture.name: shown_rows(picture.table) for picture in pictures},
        "source": source,
    }


def _scope(render: ScoredRender, frames: pd.DataFrame, rate: Fraction, every: int) -> str:
    seconds = float(len(frames) / rate)
    return (
        f"the finished file {render.video.name}, {len(frames)} frames at {float(rate):.6g} a "
        f"second ({seconds:.1f} s); pictures compared on one frame in {every}"
    )


def _beside(path: Path, page: Path) -> str:
    return Path(os.path.relpath(path.resolve(), page.parent.resolve())).as_posix()
