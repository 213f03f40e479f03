from datetime import date

import pytest

from mythmeter.answers.break_even import HOURS_PER_MONTH, break_even, break_even_frame
from mythmeter.answers.prices import read_prices
from mythmeter.answers.quantity import Quantity

HEADER = "gpu,gpus,provider,offer,scope,unit,price,currency,date,source,note\n"
SERVICE = ",,Host,plan,subscription,video minute,0.50,USD,2026-11-01,page,\n"
UNIT = "GPU s per output s"


@pytest.fixture
def pairs(tmp_path):
    def make(rows: str, seconds, service: str = SERVICE, **terms):
        path = tmp_path / "prices.csv"
        path.write_text(HEADER + service + rows)
        return break_even(read_prices(path, date(2026, 12, 1)), seconds, **terms)

    return make


def gpu(price: float, gpus: int = 1, scope: str = "on demand", day: str = "2026-11-01") -> str:
    return f"T4,{gpus},Cloud,machine,{scope},hour,{price},USD,{day},list,\n"


def took(value: float, **spread) -> Quantity:
    return Quantity(value, UNIT, 10, "usage.parquet", "cold", **spread)


def test_on_demand_is_cheaper_from_the_first_minute_where_a_minute_costs_less(pairs):
    (pair,) = pairs(gpu(0.6), took(4.0))
    assert pair.usd_per_min.value == pytest.approx(0.04)
    assert pair.on_demand_from.value == 0
    assert "on demand cheaper from the first minute" in pair.verdict


def test_what_is_paid_whatever_is_made_must_be_earned_back(pairs):
    (pair,) = pairs(gpu(0.6), took(4.0), fixed_usd_per_month=23.0)
    assert pair.on_demand_from.value == pytest.approx(23 / (0.50 - 0.04))


def test_a_machine_kept_all_month_pays_from_its_price_over_that_of_a_minute(pairs):
    (pair,) = pairs(gpu(0.6), took(4.0))
    assert pair.always_on_from.value == pytest.approx(0.6 * HOURS_PER_MONTH / 0.50)
    assert pair.most_minutes.value == pytest.approx(HOURS_PER_MONTH * 60 / 4)
    assert pair.always_on_from.value < pair.most_minutes.value
    assert HOURS_PER_MONTH == 730.5


def test_at_the_break_even_both_bills_are_equal(pairs):
    (pair,) = pairs(gpu(0.6), took(4.0), fixed_usd_per_month=10.0)
    own = 0.6 * HOURS_PER_MONTH + 10
    assert pair.always_on_from.value * pair.service_usd_per_min == pytest.approx(own)


def test_where_a_minute_costs_more_it_is_never_cheaper_and_that_is_said(pairs):
    (pair,) = pairs(gpu(30.0), took(4.0))
    assert pair.on_demand_from.value is None
    assert pair.on_demand_from.reason == "never: a minute costs $2 on the GPU and $0.5 there"
    assert pair.always_on_from.reason.startswith("never: 43,830 minutes would have to fit")
    assert "never" in pair.verdict


def test_a_price_within_the_interval_is_undecided(pairs):
    (pair,) = pairs(gpu(6.0), took(5.0, low=4.0, high=6.0, spread="bootstrap"))
    assert pair.on_demand_from.reason.startswith("undecided: $0.5 lies within the $0.4 to $0.6")
    assert pair.always_on_from.reason.startswith("undecided")


def test_the_interval_of_the_seconds_reaches_the_minutes(pairs):
    seconds = took(5.0, low=4.0, high=6.0, spread="bootstrap")
    (pair,) = pairs(gpu(0.6), seconds, fixed_usd_per_month=10.0)
    found = pair.on_demand_from
    assert found.low < found.value < found.high
    assert found.low == pytest.approx(10 / (0.5 - 0.04))
    assert pair.most_minutes.low < pair.most_minutes.value < pair.most_minutes.high


def test_seconds_from_a_cpu_may_show_cheaper_but_never_never(pairs):
    (cheap,) = pairs(gpu(0.6), took(4.0), upper_bound=True)
    (dear,) = pairs(gpu(30.0), took(4.0), upper_bound=True)
    assert cheap.on_demand_from.value == 0
    assert dear.on_demand_from.reason.startswith("undecided: the seconds are an upper bound")
    assert dear.always_on_from.reason.startswith("undecided")
    assert "never" not in dear.verdict


def test_a_machine_of_eight_is_kept_whole(pairs):
    (pair,) = pairs(gpu(8.0, gpus=8), took(4.0))
    assert pair.usd_per_min.value == pytest.approx(1.0 / 60 * 4)
    assert pair.always_on_from.value == pytest.approx(8 * HOURS_PER_MONTH / 0.5)
    assert pair.most_minutes.value == pytest.approx(8 * HOURS_PER_MONTH * 60 / 4)


def test_a_machine_that_cannot_be_kept_busy_makes_fewer_minutes(pairs):
    (whole,) = pairs(gpu(0.6), took(4.0))
    (part,) = pairs(gpu(0.6), took(4.0), most_busy=0.4)
    assert part.most_minutes.value == pytest.approx(0.4 * whole.most_minutes.value)


def test_a_spot_machine_is_not_kept(pairs):
    (pair,) = pairs(gpu(0.2, scope="spot"), took(4.0))
    assert pair.always_on_from.reason == "a spot machine cannot be kept"
    assert pair.on_demand_from.value == 0


def test_the_verdict_names_the_dates_and_what_is_stale(pairs):
    (pair,) = pairs(gpu(0.6, day="2026-03"), took(4.0))
    assert "prices of 2026-11-01 and 2026-03, stale: Cloud" in pair.verdict
    assert (pair.service_stale, pair.offer_stale) == (False, True)


def test_seconds_that_are_missing_stay_missing(pairs):
    (pair,) = pairs(gpu(0.6), {"L4": took(1.0)})
    assert pair.on_demand_from.reason == "no GPU seconds are known for T4"
    assert pair.always_on_from.reason == "no GPU seconds are known for T4"


def test_prices_that_are_not_known_make_no_pair(pairs):
    foreign = SERVICE.replace("USD", "EUR")
    assert pairs(gpu(0.6), took(4.0), service=foreign) == []


def test_the_shipped_table_pairs_both_plans_of_the_service(repository):
    prices = read_prices(repository / "config" / "prices.csv", date(2026, 12, 1))
    frame = break_even_frame(break_even(prices, took(4.0)))
    assert set(frame["service_usd_per_min"]) == {0.147, 0.98}
    assert len(frame) == 2 * (prices["unit"] == "hour").sum()
    assert {"on_demand_from_reason", "always_on_from_low", "usd_per_min_n"} <= set(frame.columns)
