"""What a longer render costs: rows of each stage, and what is done once apart from them."""

import pandas as pd
import pytest
from usage_jobs import IMPORTS_S, job, table

from mythmeter.answers.lengths import COLUMNS, length_table
from mythmeter.errors import AnswerError


def usage(name, seconds):
    return table(
        job("swap_faces", 0.0, 2.0 + seconds, gpu=1, render=name),
        job("sync_lips", 10.0, 13.0 + seconds, gpu=1, render=name, scatteritem="1-of-1"),
        job("composite", 20.0, 22.0 + 2 * seconds, render=name),
    )


@pytest.fixture
def rows():
    return length_table(
        {"long": usage("long", 8.0), "short": usage("short", 4.0)},
        {"long": 8.0, "short": 4.0},
        table(job("enrol_voice", 0.0, 100.0, gpu=1, person="ada")),
        "make experiments",
    )


def row(rows, **wanted):
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_table_has_the_columns_that_are_documented(rows):
    assert tuple(rows.columns) == COLUMNS


def test_shorter_renders_come_first_and_what_is_done_once_last(rows):
    assert list(dict.fromkeys(rows["render"].fillna("shared"))) == ["short", "long", "shared"]


def test_a_stage_has_its_seconds_cold_and_warm(rows):
    swap = row(rows, render="short", stage="swap")
    assert swap["output_s"] == 4.0
    assert swap["cpu_s"] == pytest.approx(6.0 - IMPORTS_S)
    assert swap["warm_cpu_s"] == pytest.approx(swap["cpu_s"] - 1.0)
    assert swap["gpu_slot_s"] == pytest.approx(swap["wall_s"])
    assert row(rows, render="short", stage="render")["gpu_slot_s"] == 0.0


def test_the_whole_is_the_sum_of_its_stages(rows):
    of_render = rows[rows["render"] == "long"]
    whole = row(rows, render="long", stage="whole")
    for column in ("cpu_s", "warm_cpu_s", "wall_s", "gpu_slot_s", "jobs"):
        assert whole[column] == pytest.approx(
            of_render[of_render["stage"] != "whole"][column].sum()
        )


def test_what_is_done_once_has_no_length_and_is_in_no_render(rows):
    shared = rows[rows["scope"] == "shared"]
    assert shared["output_s"].isna().all()
    assert set(shared["stage"]) == {"voice", "whole"}
    assert "voice" not in set(rows[rows["scope"] == "render"]["stage"])


def test_one_length_says_nothing_about_length():
    with pytest.raises(AnswerError, match="two lengths"):
        length_table({"a": usage("a", 4.0)}, {"a": 4.0}, pd.DataFrame(), "x")
