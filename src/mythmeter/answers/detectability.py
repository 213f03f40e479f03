"""How well a detector tells renders from footage: for the report only, nothing is tuned by it.

Scores come as a CSV (clip, label, score, detector), a score being the probability that a clip is
rendered. Log loss is what the Deepfake Detection Challenge (2020) ranked by; AUC and Brier stand
beside it, because log loss alone punishes a detector that is sure of itself. Every figure has a
bootstrap interval over clips, drawn within real and rendered apart, and the score of somebody who
says the same of every clip.
"""

import csv
import io
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mythmeter.answers.quantity import Quantity
from mythmeter.answers.sample import CONFIDENCE, RESAMPLES, TOO_FEW_FOR_INTERVAL
from mythmeter.errors import AnswerError

COLUMNS = ("clip", "label", "score", "detector")
LABELS = ("real", "rendered")
CLIP = 1e-15
"""Scores nearer to 0 or 1 are moved here, as the challenge's log loss did: one is else infinite."""

AT_ONCE = 1_000_000
Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""From values of rendered and of real clips, (draws, clips) each, to one number a draw."""

CHALLENGE_WINNER = Quantity(
    0.42798,
    "nats",
    n=1,
    source="Deepfake Detection Challenge, 2020, private leaderboard: the winner's log loss",
    scope="the challenge's own clips; not comparable with a handful of renders",
)


@dataclass(frozen=True)
class Detectability:
    """What one detector's scores say."""

    detector: str
    real: int
    """Clips of footage."""
    rendered: int
    clipped: int
    """Scores of exactly 0 or 1, moved to within 1e-15 of them before the log loss was taken."""
    log_loss: Quantity
    auc: Quantity
    brier: Quantity
    constant_log_loss: Quantity
    """Of somebody who says the share of rendered clips every time: 0.693 where half are."""
    constant_brier: Quantity


def read_scores(path: Path) -> pd.DataFrame:
    """Read a detector's scores; a row per clip and detector.

    Raises:
        AnswerError: a missing column, an unknown label, a score that is no number between 0 and 1,
            or a clip twice, by file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AnswerError(f"{path}: cannot be read as a table of scores ({error}).") from error
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise AnswerError(
            f"{path}, line 1: there is no column {missing[0]!r}; needed are {', '.join(COLUMNS)}."
        )
    rows: list[dict[str, object]] = []
    seen: set[tuple[str, str]] = set()
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        if None in row or None in row.values():
            raise AnswerError(f"{where}: it has not as many cells as the header.")
        for name in ("clip", "detector"):
            if not row[name].strip():
                raise AnswerError(f"{where}: {name} is empty.")
        if row["label"] not in LABELS:
            raise AnswerError(
                f"{where}: label is {row['label']!r}; it must be {' or '.join(LABELS)}."
            )
        key = row["detector"], row["clip"]
        if key in seen:
            raise AnswerError(f"{where}: {key[0]} has scored clip {key[1]!r} before.")
        seen.add(key)
        rows.append({name: row[name] for name in COLUMNS} | {"score": _score(row["score"], where)})
    if not rows:
        raise AnswerError(f"{path}: no score in it.")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def judge(scores: pd.DataFrame, source: str, seed: int = 0) -> list[Detectability]:
    """Return how well each detector tells renders from footage.

    Args:
        scores: from `read_scores`.
        source: where they come from; printed with every number.
        seed: of the bootstrap.

    Returns:
        One entry per detector, by name. With clips of one kind only every figure is missing, with
        the reason; with fewer than three of a kind there is no interval.
    """
    return [_judge_one(str(name), rows, source, seed) for name, rows in scores.groupby("detector")]


def detectability_table(found: list[Detectability]) -> pd.DataFrame:
    """Return a tidy table: detector, counts of clips, `metric`, and the fields of Quantity."""
    return pd.DataFrame(
        [
            {
                "detector": one.detector,
                "real": one.real,
                "rendered": one.rendered,
                "clipped": one.clipped,
                "metric": name,
                **asdict(value),
            }
            for one in found
            for name, value in vars(one).items()
            if isinstance(value, Quantity)
        ]
    )


def in_words(found: Detectability) -> str:
    """Say in a sentence what the scores show, for the page."""
    auc, loss, constant = found.auc, found.log_loss, found.constant_log_loss
    if auc.value is None or loss.value is None or constant.value is None:
        return f"{found.detector}: not judged, because {auc.reason}."
    counts = f"{found.rendered} rendered and {found.real} real clips"
    told = f"{found.detector} ranks a render above footage in {auc.value:.0%} of pairs"
    if auc.low is None or auc.high is None:
        sure = f"no interval: {auc.reason}"
    elif auc.low <= 0.5 <= auc.high:
        sure = f"{auc.low:.0%} to {auc.high:.0%}, so no better than chance can be ruled out"
    else:
        sure = f"{auc.low:.0%} to {auc.high:.0%}"
    compared = "better" if loss.value < constant.value else "no better"
    clipped = (
        f" {found.clipped} scores of exactly 0 or 1 were moved to within {CLIP:g} of them."
        if found.clipped
        else ""
    )
    return (
        f"{told} ({sure}; {counts}). Its log loss of {loss.value:.3f} is {compared} than the "
        f"{constant.value:.3f} of saying the same of every clip.{clipped}"
    )


def _score(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise AnswerError(f"{where}: score is {text!r}; it must be a number.") from None
    if not 0 <= value <= 1:
        raise AnswerError(
            f"{where}: score is {text}; it must be a probability, between 0 and 1 (of being "
            "rendered)."
        )
    return value


def _judge_one(detector: str, rows: pd.DataFrame, source: str, seed: int) -> Detectability:
    truth = (rows["label"] == "rendered").to_numpy()
    score = rows["score"].to_numpy(float)
    real, rendered = int((~truth).sum()), int(truth.sum())
    exact = int(((score < CLIP) | (score > 1 - CLIP)).sum())
    scope = f"{detector}: {rendered} rendered and {real} real clips"
    if not (real and rendered):
        there = "rendered" if rendered else "real"
        reason = f"there are {there} clips only; both kinds are needed"
        nats, share, squared = (
            Quantity.missing(unit, reason, source, scope)
            for unit in ("nats", "share of pairs", "squared probability")
        )
        return Detectability(detector, real, rendered, exact, nats, share, squared, nats, squared)
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

    clipped = np.clip(score, CLIP, 1 - CLIP)
    loss = np.where(truth, -np.log(clipped), -np.log1p(-clipped))
    error = (score - truth) ** 2
    base = rendered / truth.size

    def number(value: float, unit: str) -> Quantity:
        return Quantity(value, unit, truth.size, source, scope)

    def with_interval(
        value: float, unit: str, values: NDArray[np.float64], statistic: Statistic
    ) -> Quantity:
        given = number(value, unit)
        if min(real, rendered) < TOO_FEW_FOR_INTERVAL:
            reason = f"n = {min(real, rendered)} of a kind: too few for an interval"
            return replace(given, reason=reason)
        low, high = _interval(values[truth], values[~truth], statistic, seed)
        return replace(given, low=low, high=high, spread=f"{CONFIDENCE:.0%} bootstrap interval")

    return Detectability(
        detector=detector,
        real=real,
        rendered=rendered,
        clipped=exact,
        log_loss=with_interval(float(log_loss(truth, clipped)), "nats", loss, _mean),
        auc=with_interval(float(roc_auc_score(truth, score)), "share of pairs", score, auc_of),
        brier=with_interval(
            float(brier_score_loss(truth, score)), "squared probability", error, _mean
        ),
        constant_log_loss=number(-base * math.log(base) - (1 - base) * math.log(1 - base), "nats"),
        constant_brier=number(base * (1 - base), "squared probability"),
    )


def auc_of(rendered: NDArray[np.float64], real: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area under the curve of many draws at once, by ranks (Mann and Whitney).

    Args:
        rendered, real: scores, (draws, clips).
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([rendered, real], axis=1), axis=1)
    n, m = rendered.shape[1], real.shape[1]
    above = ranks[:, :n].sum(axis=1) - n * (n + 1) / 2
    return np.asarray(above / (n * m), float)


def _mean(rendered: NDArray[np.float64], real: NDArray[np.float64]) -> NDArray[np.float64]:
    n, m = rendered.shape[1], real.shape[1]
    return np.asarray((rendered.sum(axis=1) + real.sum(axis=1)) / (n + m), float)


def _interval(
    rendered: NDArray[np.float64], real: NDArray[np.float64], statistic: Statistic, seed: int
) -> tuple[float, float]:
    """Percentile bootstrap over clips, each kind drawn from its own."""
    rng = np.random.default_rng(seed)
    # In pieces: thousands of clips drawn thousands of times would not fit into memory at once.
    piece = max(1, AT_ONCE // (rendered.size + real.size))
    found: list[float] = []
    while len(found) < RESAMPLES:
        draws = min(piece, RESAMPLES - len(found))
        parts = [
            kind[rng.integers(kind.size, size=(draws, kind.size))] for kind in (rendered, real)
        ]
        found.extend(statistic(*parts).tolist())
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)
