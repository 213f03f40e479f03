import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mythmeter.answers.scaling import fit_scaling, fit_stages, scaling_frame, stage_seconds
from mythmeter.errors import AnswerError

LENGTHS = np.repeat([5.0, 10.0, 20.0, 40.0], 3)


def fit(lengths, seconds, **changes):
    options = {"stage": "swap", "source": "usage.parquet", "scope": "cold", **changes}
    return fit_scaling(lengths, seconds, **options)


def noisy(a: float, b: float, seed: int = 0) -> np.ndarray:
    return a + b * LENGTHS + np.random.default_rng(seed).normal(0, 1.0, len(LENGTHS))


def test_a_fixed_cost_and_a_rate_are_found_with_their_intervals():
    found = fit(LENGTHS, noisy(30.0, 4.0))
    assert found.once.low < 30.0 < found.once.high
    assert found.per_output_s.low < 4.0 < found.per_output_s.high
    assert (found.once.unit, found.per_output_s.unit) == ("s", "s per output s")
    assert found.n == found.once.n == 12
    assert found.once_is_zero is False
    assert found.is_linear is False  # a fixed cost bends the power below 1
    assert found.exponent.value < 1
    assert "30" in found.sentence() or "29" in found.sentence()


def test_no_fixed_cost_is_said_to_be_indistinguishable_from_none():
    found = fit(LENGTHS, noisy(0.0, 4.0))
    assert found.once_is_zero is True
    assert found.is_linear is True
    assert "cannot be told from 0" in found.sentence()
    assert "contains 1" in found.sentence()


def test_exact_figures_leave_no_width_and_no_rounding_in_the_verdict():
    found = fit([1.0, 2.0, 3.0, 7.0], [2.0, 4.0, 6.0, 14.0])
    assert found.per_output_s.value == pytest.approx(2.0)
    assert (found.once_is_zero, found.is_linear) == (True, True)


def test_quadratic_growth_has_exponent_two():
    found = fit(LENGTHS, 0.5 * LENGTHS**2 * np.exp(np.random.default_rng(0).normal(0, 0.02, 12)))
    assert found.exponent.low < 2 < found.exponent.high
    assert found.is_linear is False


def test_the_intervals_cover_the_truth_about_as_often_as_they_say():
    covered = 0
    for seed in range(200):
        found = fit(LENGTHS, noisy(30.0, 4.0, seed))
        covered += found.once.low <= 30.0 <= found.once.high
    assert 180 <= covered <= 199


def test_three_measurements_take_the_quantile_of_one_degree_of_freedom():
    found = fit([1.0, 2.0, 4.0], [3.1, 4.9, 9.2])
    line = stats.linregress([1.0, 2.0, 4.0], [3.1, 4.9, 9.2])
    half = (found.per_output_s.high - found.per_output_s.low) / 2
    assert half == pytest.approx(12.706 * line.stderr, rel=1e-3)


def test_a_prediction_covers_one_further_run_and_says_where_it_leaves_the_data():
    rng = np.random.default_rng(7)
    inside = 0
    for seed in range(200):
        found = fit(LENGTHS, noisy(30.0, 4.0, seed)).predict(30.0)
        inside += found.low <= 30 + 4 * 30 + rng.normal(0, 1.0) <= found.high
    assert 180 <= inside <= 199
    far = fit(LENGTHS, noisy(30.0, 4.0)).predict(600.0)
    assert "outside the 5 to 40 s measured" in far.scope
    assert far.high - far.low > found.high - found.low
    assert "outside" not in found.scope


def test_the_band_of_the_line_lies_within_that_of_a_run():
    curve = fit(LENGTHS, noisy(30.0, 4.0)).curve([5.0, 20.0, 80.0])
    assert (curve["low_s"] < curve["mean_low_s"]).all()
    assert (curve["mean_high_s"] < curve["high_s"]).all()
    assert list(curve["length_s"]) == [5.0, 20.0, 80.0]


@pytest.mark.parametrize("lengths", [[], [5.0], [5.0, 5.0, 10.0, 10.0]])
def test_too_few_lengths_give_no_fit_but_a_reason(lengths):
    found = fit(lengths, [2.0] * len(lengths))
    assert found.once.value is found.per_output_s.value is found.exponent.value is None
    assert "a fit with errors needs 3" in found.once.reason
    assert (found.once_is_zero, found.is_linear) == (None, None)
    assert found.predict(10.0).reason == found.once.reason
    assert found.curve([1.0]).empty
    assert found.sentence().startswith("swap: not fitted")


def test_missing_measurements_are_left_out():
    found = fit([1.0, 2.0, 3.0, 4.0, None], [1.0, float("nan"), 3.0, 4.0, 9.0])
    assert (found.n, found.lengths) == (3, (1.0, 3.0, 4.0))


def test_a_stage_that_took_nothing_has_a_line_but_no_exponent():
    found = fit([1.0, 2.0, 3.0], [0.0, 1.0, 2.0])
    assert found.per_output_s.value == pytest.approx(1.0)
    assert found.exponent.value is None
    assert "logarithm" in found.exponent.reason
    assert "no exponent" in found.sentence()


def test_a_stage_that_takes_the_same_for_any_length_is_all_fixed_cost():
    found = fit([1.0, 2.0, 4.0, 8.0], [5.0, 5.0, 5.0, 5.0])
    assert found.once.value == pytest.approx(5.0)
    assert found.exponent.value == pytest.approx(0.0)
    assert (found.once_is_zero, found.is_linear) == (False, False)


def test_lengths_and_seconds_that_do_not_pair_are_refused():
    with pytest.raises(AnswerError, match="not as many"):
        fit([1.0, 2.0], [1.0])


def test_stages_and_the_whole_are_fitted_from_the_tables_of_the_runs(usage):
    runs = [
        stage_seconds(usage.assign(cpu_s=usage["cpu_s"] * length), f"run {length}", float(length))
        for length in (5, 10, 20)
    ]
    fits = fit_stages(pd.concat(runs), source="three runs", scope="cold")
    assert list(fits) == ["faces", "voice", "quality", "whole"]
    assert fits["faces"].per_output_s.value == pytest.approx(7.0)
    assert fits["whole"].per_output_s.value == pytest.approx(131.0)
    assert fits["whole"].is_linear
    frame = scaling_frame(fits)
    assert len(frame) == 12
    assert set(frame["quantity"]) == {"once", "per_output_s", "exponent"}
    with pytest.raises(AnswerError, match="lacks length_s"):
        fit_stages(runs[0].drop(columns="length_s"), source="", scope="")
