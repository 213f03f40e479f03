"""Published cases that the model between GPUs must reproduce, and where it must refuse."""

from dataclasses import replace

import pytest

from mythmeter.answers.gpus import named_by_driver, read_gpus
from mythmeter.answers.projection import (
    FROM_A_CPU,
    Measured,
    implied_compute_share,
    project,
    project_all,
    projection_frame,
    time_ratio,
)
from mythmeter.answers.utilisation import host_ratio, split
from mythmeter.errors import AnswerError

DFDC = 90_000 / 42_000


@pytest.fixture(scope="module")
def gpus(repository):
    return read_gpus(repository / "config" / "gpus.csv")


def measured(**changes) -> Measured:
    whole = Measured(wall_s=10.0, busy_s=8.0, gpu="V100", source="usage.parquet", scope="cold")
    return replace(whole, **changes)


def test_from_v100_to_t4_the_interval_holds_what_the_challenge_saw(gpus):
    found = time_ratio("V100", "T4", gpus, "fp16")
    assert (round(found.low, 2), round(found.value, 2), round(found.high, 2)) == (1.92, 2.33, 2.81)
    assert found.low < DFDC < found.high
    assert round(DFDC, 2) == 2.14
    assert "interval of the model" in found.spread


def test_the_ratio_of_the_challenge_implies_three_quarters_bound_by_arithmetic(gpus):
    single = implied_compute_share(DFDC, "V100", "T4", gpus, "fp32")
    half = implied_compute_share(DFDC, "V100", "T4", gpus, "fp16")
    assert single.value == pytest.approx(0.766, abs=0.001)  # the audit's "about 77 %"
    assert half.value == pytest.approx(0.753, abs=0.001)
    back = time_ratio("V100", "T4", gpus, "fp32", compute_share=single.value)
    assert back.value == pytest.approx(DFDC)
    assert back.low is None


def test_an_m1_against_a_t4_is_ambiguous(gpus):
    found = time_ratio("T4", "M1", gpus, "fp32")
    assert (round(found.low, 1), round(found.high, 1)) == (3.1, 4.7)
    share = implied_compute_share(2.0, "T4", "M1", gpus, "fp32")
    assert share.value is None
    assert share.reason == "ambiguous: observed 2.00 lies outside the model's 3.1 to 4.7"


def test_laptop_and_rented_gpu_do_equal_gpu_work_and_differ_in_the_host():
    laptop = split(1 / 1.4, 0.75, 1.0, "s per audio s", "log of January 2024")
    rented = split(3 / 1.4, 0.0, 0.25, "s per audio s", "log of January 2024")
    assert laptop.busy.value == pytest.approx(0.536, abs=5e-4)
    assert rented.busy.value == pytest.approx(laptop.busy.value)
    assert laptop.busy.low == laptop.busy.value  # at least
    assert rented.busy.high == rented.busy.value  # at most
    found = host_ratio(rented, laptop)
    assert found.value == pytest.approx(9.0)
    assert found.spread == "lower bound from utilisations"


def test_a_pure_roofline_fails_where_the_host_is_slow(gpus):
    """With the same GPU on both sides the model gives 3 times the wall only through the host."""
    wall, busy = 1 / 1.4, 0.75 / 1.4
    laptop = measured(wall_s=wall, busy_s=busy, gpu="RTX 4080")
    assert project(laptop, "RTX 4080", gpus, "fp16").value == pytest.approx(wall)
    slow = project(laptop, "RTX 4080", gpus, "fp16", host_ratio=9.0)
    assert slow.value == pytest.approx(3 / 1.4)
    assert "host 9 times as slow" in slow.scope


def test_bounds_that_allow_anything_give_no_host_ratio():
    busy = split(1.0, 0.0, 1.0, "s", "log")
    assert host_ratio(busy, split(1.0, 1.0, 1.0, "s", "log")).reason == (
        "the bounds allow any ratio"
    )
    with pytest.raises(AnswerError, match="not a range of shares"):
        split(1.0, 0.8, 0.2, "s", "log")


def test_host_seconds_stay_and_only_busy_ones_follow_the_gpu(gpus):
    found = project(measured(), "T4", gpus, "fp16")
    assert found.low == pytest.approx(2 + 8 * 125 / 65)
    assert found.high == pytest.approx(2 + 8 * 900 / 320)
    assert found.low < found.value < found.high
    assert "same host assumed" in found.scope
    assert "whether it fits was not checked" in found.scope


def test_the_precision_chooses_the_peak_figure(gpus):
    single = project(measured(), "T4", gpus, "fp32")
    assert single.low == pytest.approx(2 + 8 * 15.7 / 8.1)
    with pytest.raises(AnswerError, match="precision 'int4' has no peak figure"):
        project(measured(), "T4", gpus, "int4")


def test_counters_turn_the_interval_into_a_value(gpus):
    found = project(measured(compute_share=0.5), "T4", gpus, "fp16")
    assert found.value == pytest.approx(2 + 4 * 125 / 65 + 4 * 900 / 320)
    assert found.low is None
    assert found.reason == "the split was counted; the model's own error is not measured"
    with pytest.raises(AnswerError, match="not between 0 and 1"):
        project(measured(compute_share=1.5), "T4", gpus, "fp16")


@pytest.mark.parametrize(
    ("changes", "target", "precision", "reason"),
    [
        ({"device": "cpu", "gpu": None, "busy_s": None}, "T4", "fp32", FROM_A_CPU),
        ({"busy_s": None}, "T4", "fp32", "GPU-busy seconds were not measured, so host and GPU"),
        ({"gpu": None}, "T4", "fp32", "the records do not name the GPU"),
        ({"gpu": "RTX 4080 Ti"}, "T4", "fp32", "gpus.csv has no row for RTX 4080 Ti"),
        ({}, "B300", "fp32", "gpus.csv has no row for B300"),
        ({}, "M1", "fp16", "gpus.csv has no tensor figure for M1, which fp16 needs"),
        ({"peak_vram_bytes": 17 * 10**9}, "T4", "fp16", "does not fit: a peak of 17.0 GB on T4"),
        ({"peak_vram_bytes": 10**9}, "M1", "fp32", "gpus.csv has no memory for M1"),
    ],
)
def test_what_cannot_be_projected_is_null_with_a_reason(gpus, changes, target, precision, reason):
    found = project(measured(**changes), target, gpus, precision)
    assert found.value is None
    assert found.reason.startswith(reason)


def test_what_fits_exactly_is_projected(gpus):
    found = project(measured(peak_vram_bytes=16 * 10**9), "T4", gpus, "fp16")
    assert found.value is not None
    assert "not checked" not in found.scope


@pytest.mark.parametrize("busy_s", [-1.0, 11.0, float("nan")])
def test_a_gpu_busy_for_longer_than_the_wall_is_an_error(gpus, busy_s):
    with pytest.raises(AnswerError, match="one of them is wrong"):
        project(measured(busy_s=busy_s), "T4", gpus, "fp16")


def test_every_gpu_of_the_table_is_projected_to_or_says_why_not(gpus):
    frame = projection_frame(project_all(measured(), gpus, "fp16")).set_index("gpu")
    assert set(frame.index) == set(gpus)
    assert frame.loc["V100", "value"] == pytest.approx(10.0)
    assert frame["reason"].notna()["M1"]
    assert frame["value"].notna().sum() == len(gpus) - 1


def test_a_driver_s_name_finds_its_row_only_where_it_is_that_card(gpus):
    assert named_by_driver("Tesla T4", gpus) == "T4"
    assert named_by_driver("NVIDIA H200", gpus) == "H200"
    assert named_by_driver("NVIDIA GeForce RTX 4080 SUPER", gpus) is None
    assert named_by_driver("NVIDIA H100 PCIe", gpus) is None
