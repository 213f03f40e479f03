import numpy as np
import pytest

from mythmeter.answers.sample import minimum_n, percentile, summarise


def test_a_single_measurement_has_a_median_but_no_interval():
    found = summarise([4.0])
    assert (found.n, found.median, found.low, found.q1) == (1, 4.0, None, None)
    assert found.reason == "n = 1: too few for an interval"


def test_missing_measurements_do_not_count():
    found = summarise([1.0, None, float("nan"), 3.0, 2.0])
    assert (found.n, found.median) == (3, 2.0)
    assert summarise([None]).reason == "nothing was measured"


def test_the_interval_covers_the_true_median_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = [
        found.low <= 1.0 <= found.high
        for found in (summarise(rng.normal(1.0, 0.2, 30), seed) for seed in range(100))
    ]
    assert 88 <= sum(covered) <= 100


def test_the_minimum_n_is_that_of_mlperf():
    assert (minimum_n(90), minimum_n(99)) == (64, 662)


def test_no_percentile_below_its_minimum_n():
    assert percentile(range(63), 90) == (None, "n = 63: p90 needs 64")
    value, reason = percentile(range(101), 90)
    assert value == pytest.approx(90)
    assert reason is None
