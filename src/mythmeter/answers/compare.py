"""Two runs side by side: what the GPU did, what the host did, what it cost, and by how much."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mythmeter.answers.figures import number
from mythmeter.answers.measures import SPEECH, UPPER_BOUND, WHOLE, HourlyPrice, measure_run
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.record_sets import RunRecords
from mythmeter.errors import AnswerError

NO_PRICE = "no price was given (--price {side}=USD an hour, or --gpu {side}=NAME of prices.csv)"


@dataclass(frozen=True)
class Row:
    """One measure of both runs."""

    stage: str
    measure: str
    a: Quantity
    b: Quantity
    ratio: Quantity
    """B over A."""


@dataclass(frozen=True)
class Comparison:
    """Two runs, what each measured, and why they may not be like for like."""

    a: RunRecords
    b: RunRecords
    prices: tuple[HourlyPrice | str, HourlyPrice | str]
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]

    def row(self, stage: str, measure: str) -> Row:
        """Return the row of a measure; its name may be cut short.

        Raises:
            AnswerError: there is none.
        """
        for row in self.rows:
            if row.stage == stage and row.measure.startswith(measure):
                return row
        raise AnswerError(f"there is no measure {measure!r} of {stage!r} to compare")


def compare(
    a: RunRecords,
    b: RunRecords,
    price_a: HourlyPrice | None = None,
    price_b: HourlyPrice | None = None,
) -> Comparison:
    """Compare two runs, stage by stage, for speech, and whole; each ratio is B over A."""
    prices = (
        price_a or NO_PRICE.format(side="A"),
        price_b or NO_PRICE.format(side="B"),
    )
    of_a, of_b = measure_run(a, prices[0]), measure_run(b, prices[1])
    rows = []
    for stage, measure in dict.fromkeys([*of_a, *of_b]):
        key = (stage, measure)
        unit = (of_a.get(key) or of_b[key]).unit
        sides = [of.get(key) or Quantity.missing(unit, f"no {stage} in it") for of in (of_a, of_b)]
        rows.append(Row(stage, measure, sides[0], sides[1], ratio(sides[0], sides[1])))
    return Comparison(a, b, prices, tuple(rows), tuple(differences(a, b)))


def ratio(a: Quantity, b: Quantity) -> Quantity:
    """Return B over A; null with the reason of whichever is missing."""
    unit, source = "B over A", f"{b.source} over {a.source}"
    missing = [f"{n}: {q.reason}" for n, q in (("A", a), ("B", b)) if q.value is None]
    if missing or a.value is None or b.value is None:
        return Quantity.missing(unit, "; ".join(missing), source)
    if a.value == 0:
        return Quantity.missing(unit, "A is 0, so there is no ratio to it", source)
    bounds = [name for name, side in (("A", a), ("B", b)) if UPPER_BOUND in side.scope]
    scope = f"{' and '.join(bounds)}: {UPPER_BOUND}" if bounds else ""
    return Quantity(b.value / a.value, unit, min(a.n, b.n), source, scope, reason="one run each")


def differences(a: RunRecords, b: RunRecords) -> list[str]:
    """Say what differs between the runs besides the machine, or is not known to agree."""
    found = _unlike(a, b, "mythmeter_version", "versions of Mythmeter")
    for field, what in (
        ("backend", "backends"),
        ("model_sha256", "models"),
        ("precision", "precisions"),
        ("batch", "batch sizes"),
    ):
        for rule in sorted(set(a.phases["rule"]) & set(b.phases["rule"])):
            found += _unlike(_of_rule(a, rule), _of_rule(b, rule), field, f"{what} of {rule}")
    if not any(_values(run, "model_sha256") for run in (a, b)):
        found.append("models are not recorded in either, so they may differ")
    found += _unlike_rules(a, b)
    if a.scripts is None or b.scripts is None:
        silent = " and ".join(name for name, run in (("A", a), ("B", b)) if run.scripts is None)
        found.append(f"what was spoken is not recorded in {silent}, so it may differ")
    elif sorted(a.scripts.values()) != sorted(b.scripts.values()):
        found.append("scripts differ")
    if a.renders != b.renders or abs(a.output_s / b.output_s - 1) > 0.01:
        found.append(
            f"A made {a.output_s:.1f} s in {a.renders} render(s), B {b.output_s:.1f} s in "
            f"{b.renders}: what is paid once weighs differently"
        )
    for name, run in (("A", a), ("B", b)):
        others = pd.to_numeric(run.phases["other_processes"]).max()
        if others > 0:
            found.append(f"in {name} up to {others:.0f} other process(es) used the device")
    return found


def _of_rule(run: RunRecords, rule: str) -> pd.DataFrame:
    return run.phases[run.phases["rule"] == rule]


def _unlike(a: Any, b: Any, field: str, what: str) -> list[str]:
    sides = [_values(side, field) for side in (a, b)]
    if sides[0] == sides[1]:
        return []
    if not all(sides):
        silent = "A" if not sides[0] else "B"
        return [f"{what} are not recorded in {silent}, so they may differ"]
    shown = [" and ".join(_short(v) for v in sorted(side)) for side in sides]
    return [f"{what} differ: A {shown[0]}, B {shown[1]}"]


def _values(side: Any, field: str) -> set[str]:
    table = side.phases if isinstance(side, RunRecords) else side
    return {
        f"{value:g}" if isinstance(value, float) else str(value) for value in table[field].dropna()
    }


def _short(value: str) -> str:
    return value[:12] if len(value) == 64 else value


def _unlike_rules(a: RunRecords, b: RunRecords) -> list[str]:
    rules = [set(run.phases["rule"]) for run in (a, b)]
    found = []
    for name, only in (("A", rules[0] - rules[1]), ("B", rules[1] - rules[0])):
        if only:
            found.append(f"only {name} ran {', '.join(sorted(only))}")
    return found


def comparison_frame(comparison: Comparison) -> pd.DataFrame:
    """Return a row per measure: `stage`, `measure`, `unit`, `a`, `b`, `ratio` and their footing."""
    rows = []
    for row in comparison.rows:
        flat: dict[str, Any] = {"stage": row.stage, "measure": row.measure, "unit": row.a.unit}
        for name, value in (("a", row.a), ("b", row.b), ("ratio", row.ratio)):
            flat[name] = value.value
            for field in ("n", "scope", "source", "reason"):
                flat[f"{name}_{field}"] = getattr(value, field)
        rows.append(flat)
    return pd.DataFrame(rows)


def comparison_text(comparison: Comparison) -> str:
    """Write a comparison for a terminal; what is missing has its reason as a note below.

    What neither run has is left out, but for speech and the whole.
    """
    notes: dict[str, int] = {}
    header: tuple[str, ...] = ("stage", "measure", "unit", "A", "B", "B/A")
    lines: list[tuple[str, ...]] = [header]
    for row in _shown(comparison.rows):
        cells = [_cell(value, notes) for value in (row.a, row.b)]
        ratio_cell = number(row.ratio.value)
        lines.append((row.stage, row.measure, row.a.unit, *cells, ratio_cell))
    parts = [_side("A", comparison.a, comparison.prices[0])]
    parts += [_side("B", comparison.b, comparison.prices[1]), ""]
    if comparison.warnings:
        parts += ["Not like for like:", *(f"  - {text}" for text in comparison.warnings), ""]
    parts += _table(lines)
    if any("≤" in cell for line in lines for cell in line):
        parts += ["", f"≤ {UPPER_BOUND}"]
    if notes:
        parts += ["", *(f"[{mark}] {reason}" for reason, mark in notes.items())]
    return "\n".join(parts)


def _shown(rows: Iterable[Row]) -> list[Row]:
    """Leave out what neither run has, but for speech and the whole; the CSV keeps all."""
    return [
        row
        for row in rows
        if row.a.value is not None
        or row.b.value is not None
        or (row.stage in (SPEECH, WHOLE) and "torch" not in row.measure)
    ]


def _cell(value: Quantity, notes: dict[str, int]) -> str:
    if value.value is not None:
        return f"≤ {number(value.value)}" if UPPER_BOUND in value.scope else number(value.value)
    return f"– [{notes.setdefault(str(value.reason), len(notes) + 1)}]"


def _side(name: str, run: RunRecords, price: HourlyPrice | str) -> str:
    gpus = sorted(set(run.phases["gpu_name"].dropna())) or sorted(
        set(run.phases["device"].dropna())
    )
    if isinstance(price, HourlyPrice):
        billed = f"${price.usd:g} an hour ({price.source}{', stale' if price.stale else ''})"
    else:
        billed = "no price"
    return (
        f"{name}  {run.label}: {run.output_s:.1f} s of output, {run.renders} render(s), "
        f"{run.phases['job'].nunique()} job(s), {' and '.join(gpus)}; {billed}"
    )


def _table(lines: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    left = 3  # the figures are flush right
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
