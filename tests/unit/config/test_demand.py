import json
from pathlib import Path

import pytest

from mythmeter.config.demand import Demand, Line, load_demand, size_mb
from mythmeter.errors import ConfigError

MEASURED = Demand(
    lines={
        ("composite", "mem_mb"): Line(300.0, 2.0, 10.0),
        ("assemble", "mem_mb"): Line(100, None, None),
    },
    units={"composite": "frames", "assemble": "frames"},
    largest={"composite": 500.0, "assemble": 100.0},
)


def asked(demand: Demand, rule: str, frames: float | None = None, attempt: int = 1) -> int:
    sizes = {} if frames is None else {"frames": frames}
    return demand.of(rule, "mem_mb", sizes, 900, attempt)


def test_a_rule_that_was_never_measured_keeps_its_own_figure() -> None:
    assert asked(MEASURED, "sync_lips", 50) == 900
    assert asked(Demand(), "composite", 50) == 900


def test_a_measured_demand_grows_with_the_work_and_leaves_room_for_its_error() -> None:
    assert asked(MEASURED, "composite", 100) == 300 + 200 + 20
    assert asked(MEASURED, "composite", 200) == 300 + 400 + 20


def test_work_of_unknown_size_asks_for_what_the_largest_took() -> None:
    assert asked(MEASURED, "composite") == 300 + 1000 + 20


def test_one_job_alone_leaves_half_as_much_again() -> None:
    assert asked(MEASURED, "assemble", 100) == 150


def test_beyond_the_one_size_measured_a_demand_grows_in_proportion() -> None:
    assert asked(MEASURED, "assemble", 50) == asked(MEASURED, "assemble", 100) == 150
    assert asked(MEASURED, "assemble", 400) == 600


def test_each_try_asks_for_twice_as_much_up_to_the_cap() -> None:
    capped = Demand(caps={"mem_mb": 3000})
    assert [asked(capped, "composite", attempt=n) for n in (1, 2, 3)] == [900, 1800, 3000]


def test_without_a_file_nothing_is_measured() -> None:
    assert load_demand(None, {}, check=True) == Demand(caps={})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        (
            json.dumps({"machine": "a laptop", "n": 0, "mythmeter_version": "1", "rules": {}}),
            "n is",
        ),
    ],
)
def test_a_file_that_is_no_calibration_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "demand.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        load_demand(path, {}, check=True)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mythmeter calibrate"):
        load_demand(tmp_path / "demand.json", {}, check=False)


def test_only_files_that_are_there_count(tmp_path: Path) -> None:
    there = tmp_path / "clip"
    there.write_bytes(bytes(2_500_000))
    assert size_mb([str(there), str(tmp_path / "to be made")]) == 2.5
