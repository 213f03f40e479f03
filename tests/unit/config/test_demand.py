from mythmeter.config.demand import ramp


def test_demand_grows_with_the_input_and_doubles_with_each_attempt() -> None:
    assert ramp(500, 2.0, 10.0, 1) == 520
    assert ramp(500, 2.0, 10.0, 2) == 1040
    assert ramp(500, 2.0, 10.0, 3) == 2080


def test_demand_is_rounded_up() -> None:
    assert ramp(100, 0.1, 1.0, 1) == 101
