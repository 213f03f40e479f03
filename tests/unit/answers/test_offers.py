"""What a minute of output costs, offer by offer."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mythmeter.answers.cost import (
    held_s_per_render,
    offer_costs,
    offer_frame,
    price_table,
    seconds_of_renders,
)
from mythmeter.answers.prices import STALE_AFTER_DAYS, read_prices
from mythmeter.answers.quantity import Quantity
from mythmeter.errors import AnswerError, ConfigError

HEADER = "gpu,gpus,provider,offer,scope,unit,price,currency,date,source,note\n"
TODAY = date(2026, 12, 1)


@pytest.fixture
def table(tmp_path: Path):
    def write(*rows: str) -> Path:
        path = tmp_path / "prices.csv"
        path.write_text(HEADER + "\n".join(rows) + "\n")
        return path

    return write


def costs_of(path: Path, seconds):
    return {c.offer: c for c in offer_costs(read_prices(path, TODAY), seconds)}


def ten_renders() -> Quantity:
    rng = np.random.default_rng(1)
    return seconds_of_renders(rng.normal(3.0, 0.3, 10), "usage.parquet", "cold, 10 renders")


def test_the_spread_of_the_renders_becomes_that_of_the_cost(table):
    seconds = ten_renders()
    cost = costs_of(table("T4,1,Cloud,small,on demand,hour,0.36,USD,2026-11-01,list,"), seconds)
    usd = cost["small"].usd_per_output_min
    assert usd.value == pytest.approx(seconds.value * 60 * 0.36 / 3600)
    assert usd.low < usd.value < usd.high
    assert usd.n == 10
    assert "bootstrap" in usd.spread
    assert "list, 2026-11-01" in usd.source


def test_a_single_render_has_a_cost_but_no_interval(table):
    seconds = seconds_of_renders([3.0], "usage.parquet", "cold")
    cost = costs_of(table("T4,1,Cloud,small,on demand,hour,0.36,USD,2026-11-01,list,"), seconds)
    usd = cost["small"].usd_per_output_min
    assert (usd.low, usd.high, usd.spread) == (None, None, None)
    assert usd.value == pytest.approx(0.018)
    assert usd.reason == "n = 1: too few for an interval"


def test_no_render_is_missing_and_says_so():
    assert seconds_of_renders([None], "usage.parquet", "").reason == "nothing was measured"


def test_a_missing_price_is_null_with_its_reason(table):
    path = table("H200,1,Cloud,big,on demand,hour,,USD,2026-11-01,list,")
    usd = costs_of(path, ten_renders())["big"].usd_per_output_min
    assert usd.value is None
    assert usd.reason == "prices.csv names no price for it"
    bill = price_table(path, slot_s=1.0, output_s=1.0, today=TODAY).iloc[0]
    assert np.isnan(bill["usd_per_output_min"])
    assert bill["no_cost_reason"] == usd.reason


def test_a_foreign_currency_is_not_converted_at_a_guess(table):
    path = table("T4,1,Wolke,klein,on demand,hour,0.36,EUR,2026-11-01,list,")
    cost = costs_of(path, ten_renders())["klein"]
    assert cost.usd_per_output_min.value is None
    assert cost.usd_per_output_min.reason == "priced in EUR; no exchange rate is guessed"
    assert price_table(path, 1.0, 1.0, TODAY)["usd_per_output_min"].isna().all()


def test_a_price_for_nobody_knows_how_many_gpus_is_not_divided(table):
    path = table("T4,,Cloud,odd,on demand,hour,0.36,USD,2026-11-01,list,")
    reason = costs_of(path, ten_renders())["odd"].usd_per_output_min.reason
    assert reason == "prices.csv does not say how many GPUs the price is for"


@pytest.mark.parametrize("price", ["nan", "NaN", "inf"])
def test_a_price_that_is_no_number_is_refused_by_file_and_line(table, price):
    path = table(
        "T4,1,Cloud,small,on demand,hour,0.36,USD,2026-11-01,list,",
        f"T4,1,Cloud,other,on demand,hour,{price},USD,2026-11-01,list,",
    )
    with pytest.raises(ConfigError, match=r"prices\.csv, line 3: price is '"):
        read_prices(path, TODAY)


def test_a_price_is_stale_on_the_day_after_the_ninetieth(table):
    rows = [
        "T4,1,Cloud,fresh,on demand,hour,0.36,USD,2026-09-02,list,",
        "T4,1,Cloud,old,on demand,hour,0.36,USD,2026-09-01,list,",
        "T4,1,Cloud,undated,on demand,hour,0.36,USD,,list,",
    ]
    costs = costs_of(table(*rows), ten_renders())
    assert STALE_AFTER_DAYS == 90
    assert {name: c.stale for name, c in costs.items()} == {
        "fresh": False,
        "old": True,
        "undated": True,
    }
    assert (costs["old"].price_date, costs["old"].age_days) == ("2026-09-01", 91)
    assert (costs["undated"].price_date, costs["undated"].age_days) == (None, None)


def test_a_machine_of_eight_is_shared_and_a_service_keeps_its_list_price(table):
    path = table(
        "H100,8,Cloud,eight,on demand,hour,28.8,USD,2026-11-01,list,",
        ",,Host,plan,subscription,video minute,0.98,USD,2026-11-01,page,",
        "L40S,1,Host,run,on demand,run,0.13,USD,2026-11-01,page,",
    )
    costs = costs_of(path, seconds_of_renders([3.0], "usage", ""))
    assert costs["eight"].usd_per_output_min.value == pytest.approx(28.8 / 8 / 3600 * 180)
    assert costs["plan"].usd_per_output_min.value == 0.98
    assert "run" in costs["run"].usd_per_output_min.reason
    assert list(costs) == ["eight", "plan", "run"]  # cheapest first, without a cost last


def test_seconds_by_gpu_bill_each_offer_with_its_own(table):
    path = table(
        "T4,1,Cloud,small,on demand,hour,0.36,USD,2026-11-01,list,",
        "L4,1,Cloud,other,on demand,hour,0.72,USD,2026-11-01,list,",
        "M1,1,Cloud,third,on demand,hour,0.72,USD,2026-11-01,list,",
    )
    unit = "GPU s per output s"
    seconds = {
        "T4": Quantity(4.0, unit, 1, "usage", low=3.0, high=5.0, spread="model"),
        "L4": Quantity.missing(unit, "does not fit"),
    }
    costs = costs_of(path, seconds)
    usd = costs["small"].usd_per_output_min
    assert (usd.low, usd.value, usd.high) == pytest.approx((0.018, 0.024, 0.030))
    assert costs["other"].usd_per_output_min.reason == "does not fit"
    assert costs["third"].usd_per_output_min.reason == "no GPU seconds are known for M1"
    frame = offer_frame(list(costs.values()))
    assert {"label", "gpu", "stale", "price_date", "value", "unit", "n", "source", "reason"} <= set(
        frame.columns
    )


def test_shared_jobs_are_spread_over_the_output_and_own_jobs_stay_with_their_render():
    usage = pd.DataFrame(
        [
            ("enrol_voice ada", 12.0, 1, '{"person": "ada"}'),
            ("speak_script a", 4.0, 1, '{"render": "a"}'),
            ("speak_script a", 4.0, 1, '{"render": "a"}'),  # a second phase of the same job
            ("speak_script b", 20.0, 1, '{"render": "b"}'),
            ("assemble b", 9.0, 0, '{"render": "b"}'),
        ],
        columns=["job", "job_wall_s", "gpu_granted", "wildcards"],
    )
    found = held_s_per_render(usage, {"a": 2.0, "b": 4.0})
    assert found == pytest.approx({"a": 4 / 2 + 12 / 6, "b": 20 / 4 + 12 / 6})
    whole = sum(found[name] * seconds for name, seconds in (("a", 2.0), ("b", 4.0)))
    assert whole == pytest.approx(36.0)


def test_a_render_without_output_is_refused():
    with pytest.raises(AnswerError, match="no seconds of output for a"):
        held_s_per_render(pd.DataFrame(), {"a": 0.0})
