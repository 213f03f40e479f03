"""The charts of the quality page: sync by offset, identity and flicker over time."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from mythmeter.answers.drawing import ACCENT, CALM, QUIET, fluid, tooltips
from mythmeter.answers.picture import Picture

HEIGHT_PX = 220
MOST_POINTS = 240
"""A longer render is drawn in so many stretches, each its mean."""

SECONDS = "s"
DISTANCE = "distance"
LEVELS = "levels of 255"


def sync_by_offset(
    render: str, scores: Mapping[str, Any], rate: Fraction, source: str
) -> Picture | str:
    """Lines: correlation of mouth and sound at each offset, of the render and of its controls."""
    names = {
        "render": "render",
        "original_clip": "original clip, own sound",
        "own_footage": "person's own footage",
    }
    rows = pd.DataFrame(scores["lip_audio_by_offset"])
    sync = scores["metrics"]["lip_audio_correlation"]
    if rows.empty:
        return f"Sync by offset is not drawn: {sync['reason']}."
    n = {"render": sync["n"], **sync["control_n"]}
    table = rows.melt("offset_frames", list(names), var_name="of", value_name="r")
    table = table.dropna(subset="r").astype({"r": "float64"})
    table = table.assign(
        n=table["of"].map(n).astype(int),
        source=source,
        offset_ms=table["offset_frames"] * float(1000 / rate),
        of=table["of"].map(names),
    )
    reach = int(table["offset_frames"].abs().max())
    x = alt.X(
        "offset_frames:Q",
        title="mouth later than sound, frames",
        scale=alt.Scale(domain=[-reach, reach], nice=False),
    )
    y = alt.Y("r:Q", title="correlation, r")
    lines = _lines(
        table,
        x=x,
        y=y,
        series="of",
        colours={
            names["render"]: ACCENT,
            names["original_clip"]: CALM,
            names["own_footage"]: QUIET,
        },
        tips={"of": "of", "offset_frames:Q": "frames", "offset_ms:Q": "ms", "r:Q": "r"},
    )
    peaks = table.loc[table.groupby("of")["r"].idxmax()]
    marks = (
        alt.Chart(peaks).mark_point(filled=True, size=60).encode(x=x, y=y, color=alt.Color("of:N"))
    )
    best = peaks[peaks["of"] == "render"].iloc[0]
    return Picture(
        name=f"sync-{render}",
        title="Sync: where mouth and sound agree best",
        description=(
            f"Lines of the correlation of mouth and sound at offsets of up to 15 frames. The "
            f"render's is highest at {best['offset_frames']} frames, r {best['r']:.2f}."
        ),
        chart=fluid(alt.layer(lines, marks), HEIGHT_PX),
        table=table,
        units={"offset_frames": "frames", "offset_ms": "ms", "r": "r"},
    )


def identity_over_time(
    render: str, frames: pd.DataFrame, rate: Fraction, same_person: float, source: str
) -> Picture | str:
    """Lines: distance of the face to the person and to the performer, and the threshold."""
    names = {
        "distance_person": "render to person",
        "distance_performer": "render to performer",
        "distance_untouched_person": "footage to person",
    }
    table = _over_time(frames, names, rate, "distance", source)
    if table.empty:
        return "Identity over time is not drawn: no sampled frame shows a face."
    table["threshold"] = same_person
    lines = _lines(
        table,
        x=alt.X("at_s:Q", title="into the render, s"),
        y=alt.Y("distance:Q", title="distance", scale=alt.Scale(zero=True)),
        series="of",
        colours=dict(zip(names.values(), (ACCENT, CALM, QUIET), strict=True)),
        tips={"of": "of", "at_s:Q": "s", "distance:Q": "distance"},
    )
    border = (
        alt.Chart(table.head(1))
        .mark_rule(strokeDash=[5, 4], size=1.5)
        .encode(y=alt.Y("threshold:Q", title="distance"))
    )
    mean = table[table["of"] == names["distance_person"]]["distance"].mean()
    return Picture(
        name=f"identity-{render}",
        title=f"Whose face: below {same_person:g} it is the same person",
        description=(
            f"Lines over time of the distance of the render's face to the person (mean {mean:.2f}) "
            f"and to the performer; dashed, the threshold of {same_person:g}."
        ),
        chart=fluid(alt.layer(lines, border), HEIGHT_PX),
        table=table,
        units={"at_s": SECONDS, "distance": DISTANCE, "threshold": DISTANCE},
    )


def flicker_over_time(
    render: str, frames: pd.DataFrame, rate: Fraction, source: str
) -> Picture | str:
    """Lines: warp error of face and mouth, of the render and of the footage."""
    names = {
        "warp_error": "face, render",
        "warp_error_untouched": "face, footage",
        "warp_error_mouth": "mouth, render",
        "warp_error_mouth_untouched": "mouth, footage",
    }
    table = _over_time(frames, names, rate, "error", source)
    if table.empty:
        return "Flicker over time is not drawn: no two frames in a row show a large face."
    lines = _lines(
        table,
        x=alt.X("at_s:Q", title="into the render, s"),
        y=alt.Y("error:Q", title=f"warp error, {LEVELS}", scale=alt.Scale(zero=True)),
        series="of",
        colours=dict(zip(names.values(), (ACCENT, CALM, "#d1a23b", QUIET), strict=True)),
        tips={"of": "of", "at_s:Q": "s", "error:Q": LEVELS},
    )
    means = table.groupby("of")["error"].mean()
    ours, theirs = (means.get(names[key], np.nan) for key in ("warp_error", "warp_error_untouched"))
    return Picture(
        name=f"flicker-{render}",
        title="Flicker: what optical flow does not explain",
        description=(
            f"Lines over time of the warp error of consecutive frames; face of the render "
            f"{ours:.2f} on average, of the footage {theirs:.2f} levels of 255."
        ),
        chart=fluid(lines, HEIGHT_PX),
        table=table,
        units={"at_s": SECONDS, "error": LEVELS},
    )


def _over_time(
    frames: pd.DataFrame, names: Mapping[str, str], rate: Fraction, value: str, source: str
) -> pd.DataFrame:
    """Columns of the frames as one long table, a long render in stretches of equal length."""
    stretch = max(1, -(-len(frames) // MOST_POINTS))
    table = frames.melt("frame", list(names), var_name="of", value_name=value)
    table = table.dropna(subset=value).assign(at=lambda t: t["frame"] // stretch)
    if table.empty:
        return table
    grouped = table.groupby(["of", "at"], as_index=False, sort=True)
    table = grouped.agg(
        **{"frame": ("frame", "mean"), value: (value, "mean"), "n": (value, "size")}
    )
    return table.assign(
        at_s=table["frame"] / float(rate),
        of=table["of"].map(names),
        source=source,
        **{value: table[value].astype("float64")},
    ).drop(columns=["at", "frame"])


def _lines(
    table: pd.DataFrame,
    *,
    x: alt.X,
    y: alt.Y,
    series: str,
    colours: Mapping[str, str],
    tips: Mapping[str, str],
) -> alt.Chart:
    there = [name for name in colours if (table[series] == name).any()]
    return (
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=12))
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                f"{series}:N",
                scale=alt.Scale(domain=there, range=[colours[name] for name in there]),
                legend=alt.Legend(title=None, orient="bottom", columns=2, labelLimit=170),
            ),
            tooltip=tooltips(tips),
        )
    )
