"""How a figure is written."""

import math

from mythmeter.quality.metric import Metric, not_measured


def test_what_is_not_a_number_becomes_null_with_a_reason() -> None:
    written = Metric(math.nan, "r", 3, "how", {"control": math.inf}).as_json()
    assert written["value"] is None
    assert written["controls"] == {"control": None}
    assert written["reason"]


def test_a_measured_value_has_no_reason() -> None:
    written = Metric(0.12345678, "r", 3, "how").as_json()
    assert written["value"] == 0.123457
    assert written["reason"] is None


def test_an_unmeasured_one_keeps_its_reason() -> None:
    assert not_measured("r", "how", "no face").as_json()["reason"] == "no face"
