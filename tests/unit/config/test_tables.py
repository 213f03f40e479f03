from pathlib import Path

import pytest
import yaml

from mythmeter.config.marked import MarkedYaml
from mythmeter.config.schema import SCHEMAS, locate_in, validate
from mythmeter.config.tables import check_gpus, check_prices
from mythmeter.errors import ConfigError

PRICES = SCHEMAS.parent / "prices.csv"
GPUS = SCHEMAS.parent / "gpus.csv"


def test_the_tables_that_are_shipped_are_valid() -> None:
    prices, gpus = check_prices(PRICES), check_gpus(GPUS)
    assert {"T4", "H100", "RTX 4090"} <= {row["gpu"] for row in gpus}
    assert {row["unit"] for row in prices} == {"hour", "video minute", "run"}
    assert all(row["gpus"] for row in prices if row["unit"] == "hour")


def test_every_gpu_with_a_price_has_its_specification() -> None:
    known = {row["gpu"] for row in check_gpus(GPUS)}
    priced = {row["gpu"] for row in check_prices(PRICES) if "gpu" in row}
    assert priced - known == {"RTX 4080 Ti"}  # no such card exists; its row says so


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.526", "cheap", "line 2: price is 'cheap'; it must be a number"),
        ("0.526", "-1", "line 2, column price: price is -1.0; it must be more than 0"),
        ("on demand", "on-demand", "Did you mean 'on demand'?"),
        ("2026-09-06", "06.09.2026", "A date is 2026, 2026-09"),
        ("USD", "usd", "three capital letters"),
        ("price,currency", "cost,currency", "line 1: unknown column 'cost'"),
        ("T4,1,", "T4,1,too,many,", "more cells than columns"),
    ],
)
def test_a_faulty_price_is_named_by_line_and_column(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(PRICES.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError) as error:
        check_prices(path)
    assert message in str(error.value)


def test_a_gpu_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gpus.csv"
    lines = GPUS.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1]]))
    with pytest.raises(ConfigError, match="'T4' has more than one row"):
        check_gpus(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"file": "../iris.tflite"}, "bare name of a file"),
        ({"sources": []}, "sources is empty"),
        ({"sources": [{"pypi": "name"}]}, "pin a version"),
        ({"sources": [{"folder": "a", "npm": "b@1"}]}, "one of `folder`"),
        ({"md5": "0"}, "unknown key 'assets.iris.md5'"),
    ],
)
def test_a_fault_in_the_catalogue_is_named(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    catalogue = yaml.safe_load((SCHEMAS.parent / "models.yaml").read_text())
    catalogue["assets"]["iris"].update(change)
    path = tmp_path / "models.yaml"
    path.write_text(yaml.safe_dump(catalogue, sort_keys=False))
    file = MarkedYaml(path)
    with pytest.raises(ConfigError) as error:
        validate(file.value, "models", locate_in(file))
    assert message in str(error.value)
    assert "models.yaml, line" in str(error.value)
