"""Shares of the sheet for dry runs."""

import pytest

from mythmeter.config.share import VARIABLE, share_of
from mythmeter.errors import ConfigError

NAMES = [f"r{number}" for number in range(11)]


def test_without_a_share_it_is_the_whole_sheet() -> None:
    assert share_of(NAMES, {}) == NAMES


@pytest.mark.parametrize("shares", [1, 2, 3, 11, 20])
def test_shares_are_the_whole_sheet_in_order_and_of_near_equal_size(shares: int) -> None:
    parts = [share_of(NAMES, {VARIABLE: f"{n}/{shares}"}) for n in range(1, shares + 1)]
    assert [name for part in parts for name in part] == NAMES
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("asked", ["0/3", "4/3", "x", "1/", "-1/3", ""])
def test_a_share_that_says_nothing_is_refused(asked: str) -> None:
    with pytest.raises(ConfigError, match=VARIABLE):
        share_of(NAMES, {VARIABLE: asked})
