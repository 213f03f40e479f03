import pytest

from mythmeter.answers.quantity import Quantity
from mythmeter.errors import UnfoundedError


def test_a_number_with_unit_n_and_source_is_accepted():
    assert Quantity(2.5, "s", 3, "usage.parquet").value == 2.5


@pytest.mark.parametrize(
    ("given", "lacks"),
    [
        ({"unit": ""}, "unit"),
        ({"n": 0}, "n"),
        ({"source": ""}, "source"),
        ({"low": 1.0, "high": 3.0}, "spread"),
    ],
)
def test_a_number_without_its_footing_is_refused(given, lacks):
    whole = {"value": 2.5, "unit": "s", "n": 3, "source": "usage.parquet"}
    with pytest.raises(UnfoundedError, match=f"lacks its {lacks}$"):
        Quantity(**{**whole, **given})


def test_nan_is_not_a_number_to_print():
    with pytest.raises(UnfoundedError, match="NaN"):
        Quantity(float("nan"), "s", 3, "usage.parquet")


def test_a_missing_number_says_why():
    assert Quantity.missing("J", "ran on the CPU").reason == "ran on the CPU"
    with pytest.raises(UnfoundedError, match="no reason"):
        Quantity(None, "J", 0, "usage.parquet")
