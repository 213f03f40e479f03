"""What the GPU market gets back: orders of magnitude, what they hang on, and their sources."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mythmeter.answers.market import (
    draw_factors,
    index_shares,
    installed_base,
    returned_gpus,
    sobol_shares,
    tornado,
)
from mythmeter.answers.priors import FACTORS, Prior, prior_table, read_priors, scenario
from mythmeter.config.market import PARAMETERS
from mythmeter.errors import AnswerError

TODAY = date(2026, 11, 15)


@pytest.fixture(scope="module")
def priors(repository: Path) -> dict[str, Prior]:
    return read_priors(repository / "config" / "market.csv")


def prior(distribution, *arguments, unit="share", kind="assumption"):
    return Prior("x", distribution, arguments, unit, kind, "illustration", "2026")


@pytest.mark.parametrize(
    ("given", "low", "middle", "high"),
    [
        (prior("fixed", 0.3), 0.3, 0.3, 0.3),
        (prior("uniform", 0.0, 1.0), 0.05, 0.5, 0.95),
        (prior("lognormal", 10.0, 1000.0), 10.0, 100.0, 1000.0),
        (prior("triangular", 0.0, 0.5, 1.0), 0.158, 0.5, 0.842),
        (prior("beta", 1.0, 1.0), 0.05, 0.5, 0.95),
    ],
)
def test_a_distribution_has_the_points_that_it_was_given(given, low, middle, high):
    assert given.at(np.array([0.05, 0.5, 0.95])) == pytest.approx([low, middle, high], abs=1e-3)


def test_fixed_factors_multiply(priors):
    whole = scenario(priors, startups=1000, fleet=10, failed=0.6, owned=0.5, resold=0.5)
    found, _ = returned_gpus(whole, TODAY, draws=100)
    assert (found.gpus.value, found.gpus.low, found.gpus.high) == pytest.approx((1500,) * 3)


def test_the_shipped_priors_give_the_order_of_the_facts(priors):
    found, table = returned_gpus(priors, TODAY)
    assert found.gpus.value == pytest.approx(3900, rel=0.05)
    assert found.gpus.low == pytest.approx(250, rel=0.08)
    assert found.gpus.high == pytest.approx(53_000, rel=0.08)
    assert found.share_of_installed.value == pytest.approx(0.00007, rel=0.15)
    assert found.days_of_supply.value == pytest.approx(0.03, rel=0.15)
    ranks = tornado(priors, table).set_index("parameter")["rank_correlation"]
    for name, facts in (("fleet", 0.77), ("owned", 0.38), ("startups", 0.35), ("failed", 0.16)):
        assert ranks[name] == pytest.approx(facts, abs=0.025), name


def test_the_answer_says_what_it_stands_on(priors):
    found, _ = returned_gpus(priors, TODAY, draws=1000)
    assert found.gpus.scope == "5 of 5 factors are assumptions"
    assert found.gpus.spread == "90% of 1,000 draws"
    assert "Epoch AI" in found.share_of_installed.source
    assert "2026-11-15" in found.days_of_supply.source


def test_the_installed_base_doubles(priors):
    assert installed_base(priors, date(2026, 1, 1)) == 15e6
    assert installed_base(priors, date(2026, 11, 1)) == pytest.approx(30e6, rel=0.01)


def test_the_founding_scenario_has_no_doubt_about_failure(priors):
    asked = scenario(priors, failed=0.6)
    found, table = returned_gpus(asked, TODAY)
    assert set(table["failed"]) == {0.6}
    assert asked["failed"].source == "scenario: failed = 0.6"
    assert found.gpus.value == pytest.approx(3900, rel=0.12)
    rows = tornado(asked, table).set_index("parameter")
    assert pd.isna(rows.at["failed", "rank_correlation"])
    assert rows.at["failed", "returned_low"] == rows.at["failed", "returned_high"]
    assert priors["failed"].distribution == "beta"
    none, _ = returned_gpus(scenario(priors, failed=0.0), TODAY, draws=100)
    assert none.gpus.value == 0


def test_a_scenario_of_what_is_not_there_is_refused(priors):
    with pytest.raises(AnswerError, match="'fail'"):
        scenario(priors, fail=0.6)
    with pytest.raises(AnswerError, match="between 0 and 1"):
        scenario(priors, failed=60)


def test_the_tornado_moves_one_factor_at_a_time(priors):
    table = tornado(priors, draw_factors(priors, 2000))
    assert table.at[0, "parameter"] == "fleet" and set(table["parameter"]) == set(FACTORS)
    swing = table["returned_high"] - table["returned_low"]
    assert swing.is_monotonic_decreasing
    # With the fleet from 4 to 256 GPUs, all else as it is, 64 times as many come back.
    assert table.loc[0, "returned_high"] / table.loc[0, "returned_low"] == pytest.approx(64)
    assert table["source"].str.startswith("assumption").all()


def test_sobol_agrees_with_the_tornado_about_what_matters_most(priors):
    found = sobol_shares(priors, base_draws=256)
    assert found.sort_values("total")["parameter"].iloc[-1] == "fleet"
    # Of a product the logarithms add up, so the shares do.
    assert found["total"].sum() == pytest.approx(1.0, abs=0.1)
    with pytest.raises(AnswerError, match="two factors"):
        sobol_shares(scenario(priors, startups=1, fleet=1, failed=1, owned=1))


def test_the_share_of_the_index_is_that_of_the_founding_note(priors):
    found = index_shares(priors)
    assert found[2021].value == pytest.approx(0.0096, abs=0.0001)
    assert found[2025].value == pytest.approx(0.0551, abs=0.0001)
    assert "2025-03" in found[2025].source


def test_every_input_has_a_source_and_a_date(priors):
    table = prior_table(priors)
    assert set(table["parameter"]) == set(PARAMETERS)
    assert table["source"].str.contains(r"\(20\d\d").all() and (table["unit"] != "").all()
    assert set(table.loc[table["parameter"].isin(FACTORS), "kind"]) == {"assumption"}


def test_a_file_without_a_factor_is_refused(repository, tmp_path):
    text = (repository / "config" / "market.csv").read_text()
    path = tmp_path / "market.csv"
    path.write_text("".join(line for line in text.splitlines(True) if "resold" not in line))
    with pytest.raises(AnswerError, match="no row for 'resold'"):
        read_priors(path)
