"""The page of answers: what it says, that it can be traced, and that a browser shows it."""

import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from answer_inputs import answer_inputs, usage_table
from browser import chromium, complaints, open_page

from mythmeter.answers.answering import answer_questions
from mythmeter.answers.answers_page import script_safe

TODAY = date(2026, 12, 1)
QUESTIONS = ["gpus", "compute", "training", "scaling", "optimisations", "market"]
SECTION = re.compile(r'<section aria-labelledby="(\w+)">(.*?)</section>', re.DOTALL)


@pytest.fixture(scope="module")
def inputs(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    inputs = answer_inputs(repository, tmp_path_factory.mktemp("answers"))
    answer_questions(**inputs, today=TODAY)
    return inputs


@pytest.fixture(scope="module")
def page(inputs: dict[str, Any]) -> str:
    return inputs["page"].read_text()


@pytest.fixture(scope="module")
def quantities(inputs: dict[str, Any]) -> pd.DataFrame:
    return pd.read_csv(inputs["folder"] / "quantities.csv")


def test_the_six_questions_come_in_their_order(page: str) -> None:
    assert [key for key, _ in SECTION.findall(page)][:6] == QUESTIONS


def test_every_number_in_the_text_is_that_of_its_table(page: str, quantities: pd.DataFrame) -> None:
    rows = quantities.set_index(["question", "quantity"])
    shown = 0
    for key, section in SECTION.findall(page):
        for value, name, text in re.findall(
            r'<data value="([^"]*)" data-quantity="(\w+)">(.*?)</data>', section
        ):
            row = rows.loc[(key, name)]
            assert float(value) == pytest.approx(row["value"], rel=1e-12)
            assert unescape(text) == row["written"]
            shown += 1
    assert shown == len(rows) > 15


def test_every_number_has_unit_n_and_source(quantities: pd.DataFrame) -> None:
    known = quantities[quantities["value"].notna()]
    assert known["unit"].notna().all()
    assert known["source"].notna().all()
    assert (known["n"] >= 1).all()


def test_every_table_lies_beside_the_page_twice(inputs: dict[str, Any], page: str) -> None:
    named = set(re.findall(r"answers/(\w+)\.csv and \.parquet", page)) | {"quantities"}
    files = {path.stem for path in inputs["folder"].glob("*.csv")}
    assert named == files == {path.stem for path in inputs["folder"].glob("*.parquet")}
    one = inputs["folder"] / "scaling_stages"
    pd.testing.assert_frame_equal(
        pd.read_csv(one.with_suffix(".csv")), pd.read_parquet(one.with_suffix(".parquet"))
    )


def test_the_headline_has_its_error_bar(page: str, quantities: pd.DataFrame) -> None:
    headline = re.search(r'<p class="headline">(.*?)</p>', page, re.DOTALL).group(1)
    held = quantities.set_index("quantity").loc["held"]
    assert held["value"] == pytest.approx(9.0)  # speak_script, swap_faces and sync_lips
    assert "95 % prediction interval (t), n = 5" in headline
    assert held["low"] < (6 + 4 * 8) / 2 < held["high"]


def test_the_fit_finds_what_the_lengths_were_made_of(quantities: pd.DataFrame) -> None:
    rows = quantities.set_index("quantity")
    assert rows.loc["per_second", "value"] == pytest.approx(4.0, abs=0.15)
    assert rows.loc["once_a_render", "low"] < 6.0 < rows.loc["once_a_render", "high"]


def test_the_dearer_setting_is_called_dearer(page: str, quantities: pd.DataFrame) -> None:
    rows = quantities.set_index("quantity")
    assert rows.loc["cost_of_detect_every_5", "value"] == pytest.approx(0.5)
    assert "Dearer than its base on this machine: train in bf16" in page
    assert "Not measured: train compiled: takes minutes on a processor." in page


def test_a_spot_machine_that_is_taken_away_more_often_costs_more(
    repository: Path, tmp_path: Path
) -> None:
    longer = []
    for hours in (6.0, 0.5):
        inputs = answer_inputs(repository, tmp_path / str(hours), experiments=())
        answer_questions(**inputs | {"spot_mtbi_h": hours}, today=TODAY)
        rows = pd.read_csv(inputs["folder"] / "quantities.csv").set_index("quantity")
        longer.append(rows.loc["spot_longer", "value"])
    assert 0 < longer[0] < longer[1]


def test_the_last_of_two_users_waits_for_the_slot(quantities: pd.DataFrame) -> None:
    rows = quantities.set_index("quantity")
    assert rows.loc["last_wait", "value"] > 0
    assert rows.loc["last_finish", "value"] > 13.0  # what one render alone takes


def test_without_experiments_the_page_says_what_was_not_measured(
    repository: Path, tmp_path: Path
) -> None:
    inputs = answer_inputs(repository, tmp_path, experiments=())
    answer_questions(**inputs, today=TODAY)
    text = inputs["page"].read_text()
    assert text.count("Not measured yet") == 2
    assert "Longer video: not measured yet. More users: not measured yet." in text
    assert "no error bar: n = 1 run" in text


def test_an_old_price_is_stale_and_is_not_the_one_quoted(repository: Path, tmp_path: Path) -> None:
    inputs = answer_inputs(repository, tmp_path, experiments=())
    prices = tmp_path / "prices.csv"
    prices.write_text(
        "gpu,gpus,provider,offer,scope,unit,price,currency,date,source,note\n"
        "T4,1,Old,old,on demand,hour,0.1,USD,2020-01-01,list,\n"
        "T4,1,New,new,on demand,hour,0.5,USD,2026-11-30,list,\n"
    )
    answer_questions(**inputs | {"prices": prices}, today=TODAY)
    text = inputs["page"].read_text()
    assert "At T4 · New new (2026-11-30) it costs" in text
    assert "At T4 · Old" not in text


def test_a_detectors_scores_are_a_section_of_their_own(repository: Path, tmp_path: Path) -> None:
    inputs = answer_inputs(repository, tmp_path, experiments=())
    scores = tmp_path / "scores.csv"
    rows = [f"r{i},rendered,{0.6 + i / 20},d\nf{i},real,{0.1 + i / 20},d\n" for i in range(5)]
    scores.write_text("clip,label,score,detector\n" + "".join(rows))
    answer_questions(**inputs | {"detector_scores": [scores]}, today=TODAY)
    rows = pd.read_csv(inputs["folder"] / "quantities.csv").set_index("quantity")
    assert rows.loc["auc", "value"] == 1.0
    assert rows.loc["constant", "value"] == pytest.approx(0.693, abs=1e-3)


def test_a_machine_whose_records_were_dropped_in_is_shown(repository: Path, tmp_path: Path) -> None:
    inputs = answer_inputs(repository, tmp_path, experiments=())
    both = [
        usage_table().assign(machine=name, label=name, output_s=8.0, renders=1, cpu_s=seconds)
        for name, seconds in (("here", 2.0), ("other", 1.0))
    ]
    pd.concat(both).to_parquet(inputs["machines"])
    answer_questions(**inputs, today=TODAY)
    assert "2 machines were measured; least processor time took other" in inputs["page"].read_text()


def test_data_cannot_end_the_script_that_carries_it() -> None:
    assert "</script" not in script_safe({"job": "</script><script>alert(1)"})


@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_draws_every_chart_without_network_or_complaint(
    inputs: dict[str, Any], tmp_path: Path, dark: bool
) -> None:
    with chromium(tmp_path / "profile", dark=dark) as browser:
        for width in (1280, 390):
            open_page(browser, inputs["page"], width)
            assert complaints(browser) == []
            charts = browser.execute_script(
                "return [...document.querySelectorAll('.chart')].map(e => ({id: e.id, "
                "drawn: +e.dataset.drawn, name: e.getAttribute('aria-label'), "
                "wide: e.querySelector('svg').getBoundingClientRect().width}))"
            )
            assert len(charts) >= 12
            for chart in charts:
                assert chart["drawn"] > 5, chart
                assert len(chart["name"]) > 20, chart
                assert 0 < chart["wide"] <= width, chart
            scroll = browser.execute_script("return document.documentElement.scrollWidth")
            assert scroll <= width
        background = browser.execute_script(
            "return getComputedStyle(document.body).backgroundColor"
        )
        assert background == ("rgb(21, 24, 28)" if dark else "rgb(251, 251, 250)")
