"""How well a detector tells renders from footage: figures, intervals, and what is refused."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mythmeter.answers.detectability import (
    CHALLENGE_WINNER,
    Detectability,
    auc_of,
    detectability_table,
    in_words,
    judge,
    read_scores,
)
from mythmeter.errors import AnswerError

HEADER = "clip,label,score,detector\n"


def scored(real, rendered, detector="net") -> pd.DataFrame:
    rows = [
        (f"{label}{i}", label, score, detector)
        for label, scores in (("real", real), ("rendered", rendered))
        for i, score in enumerate(scores)
    ]
    return pd.DataFrame(rows, columns=["clip", "label", "score", "detector"])


def judged(real, rendered) -> Detectability:
    return judge(scored(real, rendered), "scores.csv")[0]


def test_the_figures_by_hand():
    found = judged([0.2, 0.4, 0.1], [0.9, 0.3, 0.8])
    assert found.log_loss.value == pytest.approx(-np.mean(np.log([0.8, 0.6, 0.9, 0.9, 0.3, 0.8])))
    assert found.auc.value == pytest.approx(8 / 9)  # of nine pairs one is the wrong way round
    assert found.brier.value == pytest.approx(np.mean([0.04, 0.16, 0.01, 0.01, 0.49, 0.04]))
    assert (found.real, found.rendered, found.clipped, found.log_loss.n) == (3, 3, 0, 6)


def test_who_says_the_same_of_every_clip_is_the_baseline():
    balanced = judged([0.5] * 4, [0.5] * 4)
    assert balanced.constant_log_loss.value == pytest.approx(0.693, abs=0.0005)
    assert balanced.log_loss.value == pytest.approx(balanced.constant_log_loss.value)
    assert balanced.brier.value == balanced.constant_brier.value == 0.25
    assert balanced.auc.value == 0.5
    uneven = judged([0.8], [0.8] * 4)
    assert uneven.log_loss.value == pytest.approx(uneven.constant_log_loss.value)
    assert uneven.constant_log_loss.value == pytest.approx(0.5004, abs=1e-4)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng, covered = np.random.default_rng(0), 0
    # Scores uniform on 0..1 for footage, and the larger of two for renders: AUC 2/3.
    for _ in range(40):
        found = judged(rng.random(40), rng.random((40, 2)).max(axis=1))
        covered += found.auc.low <= 2 / 3 <= found.auc.high
    assert covered >= 34


def test_the_fast_area_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    truth, score = rng.random(60) < 0.4, rng.integers(0, 6, 60) / 5
    found = auc_of(score[truth][None], score[~truth][None])
    assert found.tolist() == pytest.approx([roc_auc_score(truth, score)])


def test_exact_scores_are_clipped_and_it_is_said():
    found = judged([0.0, 0.2, 1.0], [1.0, 0.7, 0.6])
    assert found.clipped == 3
    assert found.log_loss.value == pytest.approx(
        np.mean([0, -math.log(0.8), -math.log(1e-15), 0, -math.log(0.7), -math.log(0.6)]), rel=1e-3
    )
    assert "3 scores of exactly 0 or 1 were moved" in in_words(found)


def test_clips_of_one_kind_have_no_figure_but_a_reason():
    found = judged([], [0.4, 0.9])
    for value in (found.log_loss, found.auc, found.brier, found.constant_log_loss):
        assert value.value is None and "rendered clips only" in value.reason
    assert "not judged" in in_words(found)


def test_two_of_a_kind_have_no_interval():
    found = judged([0.1, 0.2], [0.7, 0.8, 0.9])
    assert found.auc.value == 1.0 and found.auc.low is None
    assert "n = 2 of a kind" in found.auc.reason and "too few" in in_words(found)


def test_the_sentence_says_chance_where_it_is_chance():
    rng = np.random.default_rng(3)
    chance = in_words(judged(rng.random(20), rng.random(20)))
    assert "no better than chance can be ruled out" in chance
    sure = in_words(judged(rng.random(20) * 0.3, 0.7 + rng.random(20) * 0.3))
    assert "100% of pairs" in sure and "is better than the 0.693" in sure


def test_detectors_are_judged_apart():
    scores = pd.concat([scored([0.1] * 3, [0.9] * 3, "a"), scored([0.9] * 3, [0.1] * 3, "b")])
    first, second = judge(scores, "x")
    assert (first.auc.value, second.auc.value) == (1.0, 0.0)
    table = detectability_table([first, second])
    assert set(table["metric"]) >= {"log_loss", "auc", "brier", "constant_log_loss"}
    assert (
        (table["unit"] != "").all() and (table["n"] == 6).all() and (table["source"] == "x").all()
    )


def test_the_challenge_is_context_with_its_source():
    assert CHALLENGE_WINNER.value == 0.42798 and "private" in CHALLENGE_WINNER.source


def test_a_file_of_scores_is_read(tmp_path: Path):
    path = tmp_path / "scores.csv"
    path.write_text("\ufeffdetector,clip,score,label,note\nnet,a,0.25,real,x\nnet,b,1,rendered,\n")
    table = read_scores(path)
    assert table["score"].tolist() == [0.25, 1.0]
    assert list(table.columns) == ["clip", "label", "score", "detector"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip,label,score\na,real,0.5\n", "line 1: there is no column 'detector'"),
        (HEADER + "a,real,0.5,net\nb,fake,0.5,net\n", "line 3: label is 'fake'; it must be real"),
        (HEADER + "a,real,nan,net\n", "line 2: score is nan; it must be a probability"),
        (HEADER + "a,real,1.2,net\n", "line 2: score is 1.2; it must be a probability"),
        (HEADER + "a,real,-0.1,net\n", "line 2: score is -0.1"),
        (HEADER + "a,real,high,net\n", "line 2: score is 'high'; it must be a number"),
        (HEADER + "a,real,,net\n", "line 2: score is ''"),
        (HEADER + ",real,0.5,net\n", "line 2: clip is empty"),
        (HEADER + "a,real,0.5\n", "line 2: it has not as many cells"),
        (HEADER + "a,real,0.5,net,more\n", "line 2: it has not as many cells"),
        (HEADER + "a,real,0.5,net\na,real,0.6,net\n", "line 3: net has scored clip 'a' before"),
        (HEADER, "no score in it"),
        ("", "line 1: there is no column 'clip'"),
    ],
)
def test_a_faulty_file_is_named_by_line(tmp_path: Path, text: str, message: str):
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(AnswerError) as error:
        read_scores(path)
    assert str(path) in str(error.value) and message in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(AnswerError, match=r"none\.csv: cannot be read"):
        read_scores(tmp_path / "none.csv")
