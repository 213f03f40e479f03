from pathlib import Path

from mythmeter.config.demand import ramp, size_mb


def test_demand_grows_with_the_input_and_doubles_with_each_attempt() -> None:
    assert ramp(500, 2.0, 10.0, 1) == 520
    assert ramp(500, 2.0, 10.0, 2) == 1040
    assert ramp(500, 2.0, 10.0, 3) == 2080


def test_demand_is_rounded_up() -> None:
    assert ramp(100, 0.1, 1.0, 1) == 101


def test_only_files_that_are_there_count(tmp_path: Path) -> None:
    there = tmp_path / "clip"
    there.write_bytes(bytes(2_500_000))
    assert size_mb([str(there), str(tmp_path / "to be made")]) == 2.5
