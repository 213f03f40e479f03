"""Rule compare_swaps: is training still needed? Swappers side by side, and one sentence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter import __version__
from mythmeter.answers.outputs import read_json
from mythmeter.answers.page import data_uri, environment
from mythmeter.answers.tables import write_table
from mythmeter.answers.training_charts import (
    held_out_chart,
    identity_chart,
    quality_chart,
    svg_uri,
)
from mythmeter.atomic import replacing

METRICS = (
    "identity_to_person",
    "identity_to_performer",
    "expression_error",
    "landmark_jitter",
    "change_outside_face",
)
NOTICEABLE = 0.1
"""Share of what is left to the person's own frames that a gain must close to count as one."""


def compare_swaps(
    rows: Sequence[Mapping[str, Any]],
    *,
    scores: Sequence[Path],
    strips: Sequence[Path],
    drawing: Sequence[Path],
    learning: Sequence[Path],
    tables: Sequence[Path],
    trainings: Sequence[Path],
    template: Path,
    page: Path,
    source: str,
    parquet: Path,
    csv: Path,
) -> None:
    """Write the page and its table. The sequences but `trainings` are parallel to `rows`.

    Args:
        rows: render, person, target, swapper and preset of each swap.
        scores, strips: of rule score_swap.
        drawing, learning: usage records of the jobs that drew and learnt.
        tables: `faces.parquet` of each swap, for its frame rate.
        trainings: `training.json` of each row whose swapper is trained, in their order.
        template: of the page.
        source: what reproduces the table.
        page, parquet, csv: written.
    """
    measured = [
        measure(row, *paths)
        for row, *paths in zip(rows, scores, drawing, learning, tables, strict=True)
    ]
    table = with_samples(with_break_even(pd.DataFrame(measured)), trainings)
    histories = [_training(path) for path in dict.fromkeys(trainings)]
    scope = scope_of(table)
    free = table[table["preset"].isna()]["identity_to_person"].mean()
    curve = identity_chart(histories, None if pd.isna(free) else float(free), scope)
    write_table(table.assign(scope=scope, n=1, source=source), parquet, csv)
    html = (
        environment(template.parent)
        .get_template(template.name)
        .render(
            version=__version__,
            answer=answer(table),
            scope=scope,
            quality=svg_uri(quality_chart(table, scope)),
            held_out=svg_uri(held_out_chart(histories, scope)) if histories else None,
            curve=svg_uri(curve) if curve is not None else None,
            rows=json.loads(table.to_json(orient="records")),
            strips={str(row["render"]): data_uri(p) for row, p in zip(rows, strips, strict=True)},
            trainings=histories,
        )
    )
    with replacing(page) as partial:
        partial.write_text(html, encoding="utf-8")


def measure(
    row: Mapping[str, Any], score: Path, drawing: Path, learning: Path, table: Path
) -> dict[str, Any]:
    """One swap as a row: its metrics, and its seconds of compute.

    Seconds are the processor's where a CPU worked, and the wall clock's times the GPUs held where
    GPUs did. Learning counts whole, from the first import; drawing counts its steady phase.
    """
    metrics = read_json(score)["metrics"]
    learnt, drew = _phases(learning), _phases(drawing)
    steady = [phase for phase in drew if phase["phase"] == "steady"]
    frames = sum(phase["work"]["frames"] for phase in steady)
    return {
        **row,
        "name": row["swapper"] + (f", {row['preset']}" if row["preset"] else ""),
        **{name: metrics[name]["value"] for name in METRICS},
        "own_frames": metrics["identity_to_person"]["controls"].get("person_to_own_frames"),
        "still_face": metrics["expression_error"]["controls"].get("face_that_does_nothing"),
        "learn_s": sum(_compute_s(phase) for phase in learnt),
        "draw_s_per_min": sum(_compute_s(p) for p in steady) / frames * _rate(table) * 60,
        "frames": frames,
        "device": learnt[0]["device"],
        "processor": learnt[0]["machine"]["processor"],
        "logical_cores": learnt[0]["machine"]["logical_cores"],
    }


def with_samples(table: pd.DataFrame, trainings: Sequence[Path]) -> pd.DataFrame:
    """Add on how many samples each row was trained; null where nothing is trained."""
    samples = pd.Series(pd.NA, index=table.index, dtype="Int64")
    samples[table["preset"].notna()] = [read_json(path)["samples"] for path in trainings]
    return table.assign(samples=samples)


def with_break_even(table: pd.DataFrame) -> pd.DataFrame:
    """Add, against the training-free swap of the same pair, from how many minutes a row is cheaper.

    `break_even_min` is null where it never is, because it draws no faster; `equal_min` is the
    length of video at which drawing has cost as much as learning.
    """
    free = table[table["preset"].isna()].drop_duplicates(["person", "target"])
    joined = table.merge(
        free[["person", "target", "learn_s", "draw_s_per_min"]],
        on=["person", "target"],
        how="left",
        suffixes=("", "_free"),
    )
    saved = joined["draw_s_per_min_free"] - joined["draw_s_per_min"]
    extra = joined["learn_s"] - joined["learn_s_free"]
    joined["break_even_min"] = (extra / saved).where((saved > 0) & joined["preset"].notna())
    joined["equal_min"] = joined["learn_s"] / joined["draw_s_per_min"]
    return joined


@dataclass(frozen=True)
class Verdict:
    """The training-free swap beside the best trained one, over the pairs that have both."""

    needed: bool
    """Whether training closed a noticeable share of what was left to the person's own frames."""
    best: str
    """Name of the best trained swapper."""
    trained_ways: int
    pairs: int
    free: Mapping[str, float]
    """`identity_to_person`, `expression_error`, `learn_s`, `own_frames` without training."""
    trained: Mapping[str, float]
    """The same of the best trained swapper."""

    @property
    def gain(self) -> float:
        """How much nearer to the person training came; negative: further away."""
        return self.free["identity_to_person"] - self.trained["identity_to_person"]

    @property
    def share(self) -> float:
        """The gain over what was left to the person's own frames."""
        left = self.free["identity_to_person"] - self.free["own_frames"]
        return self.gain / max(left, 1e-9)

    @property
    def times(self) -> float:
        """How many times as long the trained swapper learnt."""
        return self.trained["learn_s"] / max(self.free["learn_s"], 1e-9)


def verdict(table: pd.DataFrame) -> Verdict | str:
    """Compare by the numbers of this run alone; a text says why they cannot be compared."""
    free, trained = table[table["preset"].isna()], table[table["preset"].notna()]
    if free.empty or trained.empty:
        return "There is nothing to compare: a training-free and a trained swap are both needed."
    pairs = set(zip(free["person"], free["target"], strict=True))
    of_pairs = [pair in pairs for pair in zip(trained["person"], trained["target"], strict=True)]
    columns = ["identity_to_person", "expression_error", "learn_s", "own_frames"]
    means = trained[of_pairs].groupby("name")[columns].mean().dropna(subset=columns[:1])
    without = free[columns].mean()
    if means.empty or pd.isna(without["identity_to_person"]):
        return "The identity of the swaps could not be measured, so there is no answer."
    best = means.loc[means["identity_to_person"].idxmin()]
    found = Verdict(
        needed=False,
        best=str(best.name),
        trained_ways=len(means),
        pairs=len(pairs),
        free={name: float(without[name]) for name in columns},
        trained={name: float(best[name]) for name in columns},
    )
    return replace(found, needed=found.share >= NOTICEABLE)


def answer(table: pd.DataFrame) -> str:
    """One sentence: whether training is still needed, by the numbers of this run alone."""
    found = verdict(table)
    if isinstance(found, str):
        return found
    compared = f"was {-found.gain:.3f} further from the person"
    if found.gain > 0:
        compared = f"came {found.gain:.3f} nearer, {found.share:.0%} of what was left"
    ways = found.trained_ways
    which = "the trained swapper" if ways == 1 else f"the best of {ways} trained ones"
    return (
        f"{'Yes' if found.needed else 'No'}: without training the swap lay "
        f"{found.free['identity_to_person']:.3f} from the "
        f"person after {found.free['learn_s']:.0f} s of learning (expression error "
        f"{found.free['expression_error']:.2f} %); {which} "
        f"({found.best}) {compared} after {found.trained['learn_s']:.0f} s, {found.times:.0f} "
        f"times as long (expression error {found.trained['expression_error']:.2f} %)."
    )


def scope_of(table: pd.DataFrame) -> str:
    """What the figures cover."""
    pairs = len(table[["person", "target"]].drop_duplicates())
    trained = table.dropna(subset="samples")
    lengths = {f"{r['name']}: {r['samples']:,} samples" for r in trained.to_dict("records")}
    unit = "CPU seconds" if set(table["device"]) == {"cpu"} else "GPU seconds where a GPU worked"
    trained_on = "; ".join(sorted(lengths)) or "nothing trained"
    return (
        f"{pairs} pair{'s' if pairs > 1 else ''} of person and target, {int(table['frames'].sum())}"
        f" frames drawn; {trained_on}; n = 1 run; {unit}; {table['processor'].iloc[0]}; identity by"
        " dlib, which no swapper here is trained with"
    )


def _training(path: Path) -> dict[str, Any]:
    facts = read_json(path)
    person, target = path.parents[3].name, path.parent.name
    name = f"{facts['swapper']}, {facts['preset']}: {person} on {target}"
    preview = path.with_name("preview.jpg")
    return {**facts, "name": name, "preview": data_uri(preview) if preview.exists() else None}


def _phases(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _compute_s(phase: Mapping[str, Any]) -> float:
    if phase["device"] == "cuda":
        return float(phase["wall_s"]) * max(1, len(phase["device_indices"]))
    return float(phase["cpu_s"])


def _rate(table: Path) -> float:
    from fractions import Fraction

    import pyarrow.parquet as pq

    return float(Fraction((pq.read_schema(table).metadata or {})[b"rate"].decode()))
