"""The challenge played through: on demand, on spot machines, and with checkpoints."""

from types import SimpleNamespace

import pytest

from mythmeter.answers.challenge.scenarios import challenge_scenarios, scenario_frame
from mythmeter.answers.founding import Case, read_founding


@pytest.fixture(scope="module")
def small(repository) -> Case:
    """The challenge with a hundredth of its submissions."""
    case = read_founding(repository / "config" / "founding.csv")["detection_challenge"]
    rows = dict(case.rows)
    rows["submissions"] = rows["submissions"] | {"value": 42}
    rows["fleet_gpus"] = rows["fleet_gpus"] | {"value": 6}
    return Case(case.name, rows)


@pytest.fixture(scope="module")
def ways(small):
    on_demand, begun_again, saved = challenge_scenarios(small, mtbi_h=6.0, runs=5)
    return SimpleNamespace(on_demand=on_demand, begun_again=begun_again, saved=saved)


def test_checkpoints_bring_a_spot_fleet_close_to_one_on_demand(ways):
    assert ways.on_demand.lost_share.value == 0
    assert ways.on_demand.days.value < ways.saved.days.value < ways.on_demand.days.value * 1.3
    assert ways.begun_again.days.value > ways.saved.days.value * 2


def test_every_figure_has_its_band_and_says_how_many_replays(ways):
    for scenario in vars(ways).values():
        assert scenario.days.n == 5
        assert scenario.days.low <= scenario.days.value <= scenario.days.high
        assert scenario.days.spread == "90% of 5 replays"


def test_rarely_taken_machines_lose_less(small, ways):
    rare = challenge_scenarios(small, mtbi_h=600.0, runs=5)[1]
    assert rare.lost_share.value < ways.begun_again.lost_share.value / 3


def test_machines_that_are_taken_all_the_time_have_a_reason_instead_of_a_figure(small):
    on_demand, begun_again, saved = challenge_scenarios(small, mtbi_h=0.5, runs=2)
    assert begun_again.days.value is None
    assert "practically for ever" in begun_again.days.reason
    assert on_demand.days.value < saved.days.value


def test_the_table_has_a_row_for_each_figure_of_each_way(ways):
    table = scenario_frame(list(vars(ways).values()))
    assert len(table) == 12
    assert (table["n"] >= 1).all() and table["source"].notna().all()
