"""Do we still need training, or is zero-shot enough?"""

import altair as alt
import pandas as pd

from mythmeter.answers.drawing import ACCENT, CALM, QUIET, fluid, tooltips
from mythmeter.answers.picture import Picture
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.question import Question
from mythmeter.answers.saying import Saying
from mythmeter.answers.training import Verdict, verdict

TITLE = "Do we still need training?"
SOURCE = "experiments/training.parquet"
COMMAND = "make experiments"
LEARNING = "s of compute to learn"


def is_training_needed(table: pd.DataFrame | None) -> Question:
    """Answer from the experiment on training.

    Args:
        table: rows of `experiments/training.parquet`, a swap each; None: it was not run.
    """
    if table is None:
        return Question.unmeasured("training", TITLE, COMMAND)
    found = verdict(table)
    pairs = len(table[["person", "target"]].drop_duplicates())
    scope = (
        f"{pairs} pair(s) of person and target, {int(table['frames'].sum())} frames drawn, a swap "
        f"each (n = 1 run); {table['processor'].iloc[0]}; identity by dlib, which no swapper here "
        "is trained with; lips not yet moved"
    )
    return Question(
        key="training",
        title=TITLE,
        answer=Saying(found) if isinstance(found, str) else _answer(found, scope),
        further=[] if isinstance(found, str) else _further(table, found, scope),
        scope=scope,
        command=COMMAND,
        pictures=[
            _pareto(table, "identity_to_person", "identity", "distance to the person (dlib)"),
            _pareto(table, "expression_error", "expression", "% of eye distance: expression error"),
        ],
        tables={"training": table},
    )


def _answer(found: Verdict, scope: str) -> Saying:
    n = found.pairs
    numbers = {
        "free_distance": _number(found.free["identity_to_person"], "1", n, scope),
        "free_learn": _number(found.free["learn_s"], "s", n, scope),
        "trained_distance": _number(found.trained["identity_to_person"], "1", n, scope),
        "trained_learn": _number(found.trained["learn_s"], "s", n, scope),
        "training_gain": _number(found.share, "share", n, scope),
    }
    if found.gain <= 0:
        numbers["training_gain"] = _number(-found.gain, "1", n, scope)
        compared = "lies {trained_distance} away, {training_gain} further"
    else:
        compared = "lies {trained_distance} away, {training_gain} of what was left"
    return Saying(
        f"{'Yes' if found.needed else 'No'}, by these numbers: "
        "without training the swap lies {free_distance} from the person after {free_learn} of "
        f"learning; the best trained one ({found.best}) {compared}, after {{trained_learn}}.",
        numbers,
    )


def _further(table: pd.DataFrame, found: Verdict, scope: str) -> list[Saying]:
    n = found.pairs
    numbers = {
        "own_frames_distance": _number(found.free["own_frames"], "1", n, scope),
        "free_expression": _number(found.free["expression_error"], "% of eye distance", n, scope),
        "trained_expression": _number(
            found.trained["expression_error"], "% of eye distance", n, scope
        ),
    }
    return [
        Saying(
            "The person's own frames lie {own_frames_distance} from one another: that is the "
            "floor. Expression error: {free_expression} without training, {trained_expression} "
            "with it.",
            numbers,
        ),
        _break_even(table, scope),
    ]


def _break_even(table: pd.DataFrame, scope: str) -> Saying:
    trained = table[table["preset"].notna()].dropna(subset=["break_even_min"])
    if trained.empty:
        return Saying(
            "No trained swapper here draws faster than the training-free one, so the time it takes "
            "to learn is never earned back, however long the video."
        )
    first = trained.loc[trained["break_even_min"].idxmin()]
    minutes = _number(float(first["break_even_min"]), "min of video", 1, scope)
    return Saying(
        f"{first['name']} draws faster and has earned its learning back after {{break_even}}.",
        {"break_even": minutes},
    )


def _number(value: float, unit: str, n: int, scope: str) -> Quantity:
    return Quantity(value, unit, n, SOURCE, scope, reason=f"n = {n}")


def _pareto(table: pd.DataFrame, column: str, name: str, title: str) -> Picture:
    shown = table.assign(way=table["preset"].isna().map({True: "training-free", False: "trained"}))
    base = alt.Chart(shown).encode(
        x=alt.X("learn_s:Q", scale=alt.Scale(type="log", padding=30), title=LEARNING),
        y=alt.Y(f"{column}:Q", scale=alt.Scale(zero=False, padding=24), title=title),
    )
    marks = base.mark_point(filled=True, size=90, opacity=1).encode(
        color=alt.Color(
            "way:N",
            scale=alt.Scale(domain=["training-free", "trained"], range=[CALM, ACCENT]),
            legend=alt.Legend(title=None, orient="bottom"),
        ),
        tooltip=tooltips({"name": "swapper", "learn_s:Q": LEARNING, f"{column}:Q": title}),
    )
    labels = base.mark_text(align="center", dy=-12, fontSize=11).encode(text="name:N")
    front = alt.Chart(frontier(shown, column)).mark_line(
        interpolate="step-after", strokeDash=[4, 4], color=QUIET
    )
    front = front.encode(x=alt.X("learn_s:Q", title=LEARNING), y=alt.Y(f"{column}:Q", title=title))
    return Picture(
        name=f"training_{name}",
        title=f"What training buys: {name}; lower is better",
        description=(
            f"Points: {title} against seconds of learning, a point for each swapper; the dashed "
            "line joins those that no other beats in both (Pareto)."
        ),
        chart=fluid(alt.layer(front, marks, labels), 230),
        table=shown,
        units={"learn_s": "s", column: title.partition(":")[0]},
    )


def frontier(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rows that none beats in both seconds and `column`; less is better."""
    rows = table.dropna(subset=[column]).sort_values(["learn_s", column])
    return rows[rows[column] < rows[column].cummin().shift(fill_value=float("inf"))]
