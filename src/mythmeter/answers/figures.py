"""How numbers are written for people: few digits, always a unit, a reason where there is none."""

import math
from collections.abc import Mapping
from typing import Any


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with `digits` significant digits; a missing one as a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def seconds(value: float | None) -> str:
    """Write a duration: `0.42 s`, `83 s`, `12 min 5 s`."""
    if value is None or math.isnan(value):
        return "–"
    if value < 120:
        return f"{number(value)} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def quality_rows(quality: Mapping[str, Any]) -> list[dict[str, str]]:
    """Flatten the scores of a render into rows: metric, value, control, n, method or reason."""
    rows = []
    for name, score in quality["metrics"].items():
        value = score.get("value")
        shown = number(value) if isinstance(value, int | float) else str(value or "–")
        rows.append(
            {
                "metric": name.replace("_", " "),
                "value": f"{shown} {score.get('unit') or ''}".strip(),
                "controls": "; ".join(
                    f"{key.replace('_', ' ')}: {number(control)}"
                    for key, control in (score.get("controls") or {}).items()
                ),
                "n": str(score.get("n") or "–"),
                "note": str(score.get("reason") or score.get("method") or ""),
            }
        )
    return rows


def voice_reach(enrolment: Mapping[str, Any]) -> str:
    """Say in a sentence how far a fitted voice gets, by an encoder that was not optimised.

    The way is that from strangers to the person: 0 % is their mean, 100 % the person's own halves.
    """
    unseen = [n for n in enrolment["similarity"] if n not in enrolment["optimised"]]
    if "dvector" not in unseen:
        return "No encoder was left that the fit had not seen, so this voice is not judged."
    figures = enrolment["similarity"]["dvector"]
    low, high = figures["floor_mean"], figures["ceiling"]
    if low is None or high <= low:
        return "There is no floor below the ceiling to measure this voice against."
    parts = []
    for name, key in (("nearest stock voice", "before"), ("fitted voice", "after")):
        if figures[key] is not None:
            parts.append(f"the {name} is {(figures[key] - low) / (high - low):.0%} of the way")
    return (
        f"By the encoder that was not optimised (d-vector), {' and '.join(parts)} from strangers "
        "to the person."
    )
