from pathlib import Path

import pytest

from mythmeter.config.market import PARAMETERS, check_market
from mythmeter.config.schema import SCHEMAS
from mythmeter.errors import ConfigError

MARKET = SCHEMAS.parent / "market.csv"


def test_the_table_that_is_shipped_is_valid() -> None:
    assert {row["parameter"] for row in check_market(MARKET)} == set(PARAMETERS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("startups,lognormal", "startup,lognormal", "Did you mean 'startups'?"),
        ("startups,lognormal", "startups,normal", "line 2, column distribution"),
        ("fleet,lognormal", "startups,lognormal", "line 3: parameter 'startups' has more than one"),
        ("900,6500", "many,6500", "line 2: a is 'many'; it must be a number"),
        ("900,6500", "6500,900", "line 2: 5 % point, 95 % point must rise"),
        ("900,6500,", "900,,", "line 2, column b: lognormal lacks its 95 % point"),
        ("900,6500,", "900,6500,7", "line 2, column c: lognormal takes 2"),
        ("900,6500", "0,6500", "line 2: startups is 0; it must be more than 0"),
        ("failed,beta,6,4", "failed,beta,0,4", "alpha and beta must be more than 0"),
        ("failed,beta,6,4", "failed,lognormal,0.4,0.8", "line 4: a share is at most 1"),
        ("failed,beta,6,4", "failed,uniform,0.4,60", "line 4: a share lies between 0 and 1"),
        ("fixed,15000000,", "uniform,1,15000000", "installed is one figure"),
        ("fixed,10,", "fixed,0,", "doubling is 0; it must be more than 0"),
        ("share,assumption", "share,guess", "kind is 'guess'"),
        ("illustration,2026-12", ",2026-12", "lacks 'source'"),
        ("illustration,2026-12", "illustration,", "lacks 'date'"),
    ],
)
def test_a_faulty_input_is_named_by_line_and_column(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "market.csv"
    text = MARKET.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as error:
        check_market(path)
    assert message in str(error.value)


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    lines = MARKET.read_text().splitlines(True)
    path.write_text("".join(line for line in lines if not line.startswith("owned")))
    with pytest.raises(ConfigError, match="no row for 'owned'"):
        check_market(path)
