"""How many GPUs for how many users: the formulas, the simulation, the bill, interruptions."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mythmeter.answers.capacity.bill import bill
from mythmeter.answers.capacity.demand import (
    Demand,
    Target,
    service_times_s,
    squared_variation,
)
from mythmeter.answers.capacity.erlang import (
    chance_to_wait,
    gpus_needed,
    mean_wait_s,
    share_above,
    wait_percentile_s,
)
from mythmeter.answers.capacity.interruptions import (
    best_chunk_s,
    between_from_share,
    spot_table,
    times_slower,
)
from mythmeter.answers.capacity.plan import capacity_table, plan_capacity, plan_for_users
from mythmeter.answers.capacity.simulate import draw, wait_of_run, waits_s
from mythmeter.errors import AnswerError

DEMAND = Demand(users=100, videos_per_user_day=0.2, video_s=60, peak_factor=3)
H = 3600.0


@pytest.mark.parametrize(
    ("users", "gpus", "utilisation"),
    [(100, 2, 0.08), (1000, 4, 0.42), (10_000, 21, 0.79), (100_000, 172, 0.97)],
)
def test_the_example_of_the_facts_comes_out_of_the_formula(users, gpus, utilisation):
    arrivals = replace(DEMAND, users=users).arrivals_per_s
    assert gpus_needed(arrivals, 4 * 60, 120) == gpus
    assert arrivals * 240 / gpus == pytest.approx(utilisation, abs=0.005)


def test_one_gpu_waits_as_the_textbook_says():
    # M/M/1: a video waits with probability rho, on average rho / (mu - lambda).
    assert chance_to_wait(1, 0.5) == pytest.approx(0.5)
    assert mean_wait_s(1, 0.5, 1.0) == pytest.approx(1.0)
    assert share_above(1, 0.5, 1.0, 2.0) == pytest.approx(0.5 * math.exp(-1))
    # M/D/1 waits half as long (Pollaczek and Khinchine): the correction is exact here.
    assert mean_wait_s(1, 0.5, 1.0, cs2=0.0) == pytest.approx(0.5)


def test_erlang_c_agrees_with_its_sum():
    load, k = 8.0, 10
    last = load**k / math.factorial(k) * k / (k - load)
    whole = sum(load**i / math.factorial(i) for i in range(k)) + last
    assert chance_to_wait(k, load) == pytest.approx(last / whole)


def test_a_percentile_is_the_wait_that_so_many_exceed():
    wait = wait_percentile_s(4, 3.5, 1.0, 95)
    assert share_above(4, 3.5, 1.0, wait) == pytest.approx(0.05)
    assert wait_percentile_s(100, 3.5, 1.0, 95) == 0.0


def test_gpus_that_cannot_keep_up_wait_for_ever():
    assert mean_wait_s(2, 3.0, 1.0) == math.inf
    assert wait_percentile_s(2, 3.0, 1.0) == math.inf
    assert share_above(2, 3.0, 1.0, 100.0) == 1.0
    with pytest.raises(AnswerError, match="no load"):
        gpus_needed(0.0, 240, 120)


def test_the_simulation_agrees_with_the_formula_where_that_is_exact():
    service = np.random.default_rng(5).exponential(240, 4000)
    runs = [draw(4 * 0.8 / service.mean(), service, seed, 20_000) for seed in range(6)]
    simulated = np.mean([waits_s(run, 4).mean() for run in runs])
    exact = mean_wait_s(4, 3.2 / service.mean(), service.mean(), squared_variation(service))
    assert simulated == pytest.approx(exact, rel=0.12)
    tail = np.mean([wait_of_run(run, 4, 95) for run in runs])
    assert tail == pytest.approx(
        wait_percentile_s(4, 3.2 / service.mean(), service.mean()), rel=0.15
    )


def test_the_simulation_by_hand():
    from mythmeter.answers.capacity.simulate import Draw

    run = Draw(np.array([0.0, 1.0, 2.0, 3.0]), np.array([10.0, 10.0, 1.0, 1.0]))
    assert waits_s(run, 2, warm_up=0).tolist() == [0, 0, 8, 8]
    assert waits_s(run, 1, warm_up=0).tolist() == [0, 9, 18, 18]


def test_no_percentile_of_too_few_simulated_videos():
    with pytest.raises(AnswerError, match="p95 needs 130 after the warm-up"):
        plan_capacity(DEMAND, Target(), np.array([240.0]), source="x", runs=1, videos=100)


def plan(users, service, **rest):
    return plan_capacity(
        replace(DEMAND, users=users), Target(), np.array(service), source="usage.parquet", **rest
    )


def test_the_simulated_number_decides_and_the_formulas_stand_beside_it():
    service = np.random.default_rng(1).exponential(240, 2000)
    found = plan(1000, service, runs=6, videos=5000)
    assert (found.gpus.value, found.gpus_erlang.value, found.bracketed) == (4, 4, True)
    assert found.gpus.n == 2000 and "6 simulated runs" in found.gpus.spread
    assert found.gpus.low <= found.gpus.value <= found.gpus.high
    assert found.wait_s.value <= 120
    assert found.utilisation.value == pytest.approx(0.42, abs=0.02)
    assert found.utilisation_day.value == pytest.approx(found.utilisation.value / 3)


def test_even_service_times_need_fewer_gpus_than_uneven_ones():
    even = plan(10_000, [239.0, 240.0, 241.0], runs=5, videos=5000)
    uneven = plan(10_000, [20.0] * 9 + [2220.0], runs=5, videos=5000)
    assert even.gpus_allen_cunneen.value < even.gpus_erlang.value
    assert uneven.cs2.value > 4
    assert uneven.gpus.value > even.gpus.value


def test_a_single_measured_render_gives_a_plan_that_says_so():
    found = plan(1000, [240.0], runs=3, videos=2000)
    assert found.gpus.n == 1 and found.gpus.reason.startswith("n = 1")
    assert found.cs2.value is None and found.gpus_allen_cunneen.value is None
    assert found.bracket == (4, 4)


def test_the_table_has_unit_n_and_source_in_every_row():
    table = capacity_table(
        plan_for_users(
            [100, 1000], DEMAND, Target(), np.array([200.0, 280.0]), source="x", runs=2, videos=1000
        )
    )
    assert set(table["users"]) == {100, 1000}
    assert {"gpus", "gpus_erlang", "wait_s", "utilisation"} <= set(table["metric"])
    assert (table["unit"] != "").all() and (table["n"] == 2).all()
    assert table["source"].str.contains("x").all()


def test_service_scales_with_length_and_speed():
    assert service_times_s([40.0, 20.0], [10.0, 10.0], 60, speed=2).tolist() == [120, 60]


@pytest.mark.parametrize(
    ("held", "said"),
    [([], "No service time"), ([1.0, math.nan], "service time 2 of 2"), ([0.0], "1 of 1 is 0 s")],
)
def test_a_service_time_that_is_none_is_refused(held, said):
    with pytest.raises(AnswerError, match=said):
        service_times_s(held, [1.0] * len(held), 60)


@pytest.mark.parametrize(
    "change",
    [{"users": 0}, {"video_s": math.nan}, {"peak_factor": 0.5}, {"videos_per_user_day": -1}],
)
def test_a_demand_that_makes_no_sense_is_refused(change):
    with pytest.raises(AnswerError, match=next(iter(change))):
        replace(DEMAND, **change)


def test_a_small_service_pays_mostly_for_waiting_gpus():
    found = plan(100, [240.0] * 3, runs=2, videos=1000)
    cost = bill(found, 0.526, "AWS, 2026-09-06")
    # 240 s of a GPU for a minute of output, were only they billed.
    assert cost.busy_only.value == pytest.approx(240 / 3600 * 0.526)
    # 100 users, 20 minutes a day; two GPUs around the clock.
    assert cost.over_day.value == pytest.approx(2 * 24 * 0.526 / 20)
    assert cost.at_peak.value == pytest.approx(2 * 0.526 / 2.5)
    assert cost.wasted_at_peak.value == pytest.approx(1 - cost.busy_only.value / cost.at_peak.value)
    assert cost.wasted_over_day.value == pytest.approx(
        1 - cost.busy_only.value / cost.over_day.value
    )
    assert "2026-09-06" in cost.at_peak.source


def test_without_a_price_there_is_no_bill_but_a_reason():
    cost = bill(plan(100, [240.0], runs=1, videos=1000), None, "no offer of this GPU")
    assert cost.over_day.value is None and "no offer" in cost.over_day.reason


def test_a_long_job_started_from_scratch_is_many_times_slower():
    assert times_slower(21 * H, 6 * H) == pytest.approx(9.2, abs=0.05)


def test_a_short_job_loses_next_to_nothing():
    # Half its length over the mean time between: 0.7 % at six hours, a hundred-thousandth on a
    # machine of which a fifth is taken in a month.
    assert times_slower(300, 6 * H) - 1 == pytest.approx(300 / (2 * 6 * H), rel=0.01)
    monthly = between_from_share(0.2, 730 * H)
    assert times_slower(300, monthly) - 1 == pytest.approx(1e-5, rel=0.5)


def test_chunks_save_the_long_job():
    chunked = times_slower(21 * H, 6 * H, chunk_s=600, save_s=5, restart_s=120)
    assert 1 < chunked < 1.05
    best = best_chunk_s(6 * H, 5)
    around = [times_slower(21 * H, 6 * H, chunk_s=best * by, save_s=5) for by in (0.5, 1.0, 2.0)]
    assert min(around) == around[1]


def test_the_formula_agrees_with_chance():
    rng, between, chunk, save, restart = np.random.default_rng(0), 10.0, 4.0, 0.5, 1.0
    took = []
    for _ in range(20_000):
        spent, needed = 0.0, chunk + save
        while (lasts := rng.exponential(between)) < needed:
            spent += lasts
            needed = restart + chunk + save
        took.append(spent + needed)
    simulated = np.mean(took) / chunk
    expected = times_slower(100 * chunk, between, chunk_s=chunk, save_s=save, restart_s=restart)
    assert simulated == pytest.approx(expected, rel=0.06)


def test_a_job_that_never_ends_has_no_figure():
    assert times_slower(1e6, 1.0) == math.inf
    table = spot_table(
        [300.0, 1e6], 1.0, chunk_s=0.5, save_s=0.01, restart_s=0.1, source="assumption"
    )
    never = table[(table["job_s"] == 1e6) & (table["saved"] == "never")].iloc[0]
    assert math.isnan(never["times_slower"]) and "never end" in never["reason"]
    assert table.loc[table["saved"] != "never", "times_slower"].notna().all()


def test_times_that_make_no_sense_are_refused():
    with pytest.raises(AnswerError, match="between interruptions"):
        times_slower(10, 0)
    with pytest.raises(AnswerError, match="less than no time"):
        times_slower(10, 10, save_s=-1)
    with pytest.raises(AnswerError, match="between 0 and 1"):
        between_from_share(1.0, H)
