import json
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mythmeter.errors import UsageError
from mythmeter.usage.flops import FlopCount, counting_flops
from mythmeter.usage.record import UsageRecord
from mythmeter.usage.roofline import roofline_point


def counted(block):
    with counting_flops() as counting:
        block()
    return counting.done()


def test_a_matrix_product_is_two_flops_for_each_multiplication_backward_included():
    a, b = torch.randn(8, 16, requires_grad=True), torch.randn(16, 4)
    count = counted(lambda: (a @ b).sum().backward())
    assert count.flops == 2 * (2 * 8 * 16 * 4)
    assert count.uncounted == ("aten.sum",)


def test_attention_on_a_cpu_is_counted_and_not_silently_nothing():
    q = torch.randn(2, 4, 10, 8)
    count = counted(lambda: F.scaled_dot_product_attention(q, q, q))
    assert count.flops == 2 * (2 * 2 * 4 * 10 * 10 * 8)


@pytest.mark.parametrize(
    ("block", "operator"),
    [
        (lambda: nn.LSTM(8, 16)(torch.zeros(5, 2, 8)), "aten.mkldnn_rnn_layer"),
        (lambda: torch.fft.rfft(torch.zeros(64)), "aten._fft_r2c"),
        (
            lambda: F.grid_sample(
                torch.zeros(1, 3, 8, 8), torch.zeros(1, 8, 8, 2), align_corners=False
            ),
            "aten.grid_sampler_2d",
        ),
    ],
)
def test_what_has_no_formula_is_listed(block, operator):
    count = counted(block)
    assert count.flops == 0
    assert operator in count.uncounted


def test_what_only_moves_numbers_is_not_listed():
    x = torch.zeros(4, 6)
    count = counted(lambda: torch.cat([x.T.reshape(4, 6), x[:, :3].repeat(1, 2)]).clone())
    assert count == FlopCount(0, (), "torch FlopCounterMode")


def test_a_step_times_its_number_says_so():
    count = FlopCount(10, ("aten.add",), "torch FlopCounterMode").times(3, "one step")
    assert count == FlopCount(30, ("aten.add",), "torch FlopCounterMode, one step × 3")


def test_flops_stand_in_the_last_steady_phase_and_in_no_other(tmp_path):
    record = UsageRecord("train_pair", {})
    for phase in ("warmup", "steady", "flops"):
        with record.phase(phase):
            pass
    record.flops = FlopCount(12, ("aten.add",), "by hand")
    record.write(tmp_path / "u.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "u.jsonl").read_text().splitlines()]
    assert [line["flops"] for line in lines] == [None, 12, None, None]
    assert lines[1]["flops_uncounted"] == ["aten.add"]
    assert lines[0]["null_reasons"]["flops"]
    assert "flops" not in lines[1]["null_reasons"]


T4 = {"fp32_tflops": 8.1, "fp16_tensor_tflops": 65.0, "bandwidth_gb_s": 320.0}


def test_utilisation_is_held_against_the_peak_of_the_precision():
    plain = roofline_point(8.1e12, None, 2.0, T4)
    assert (plain.peak, plain.mfu) == ("fp32", pytest.approx(0.5))
    tensor = roofline_point(8.1e12, None, 2.0, T4, "bfloat16")
    assert tensor.peak == "fp16_tensor"
    assert tensor.mfu == pytest.approx(4.05 / 65)


def test_below_the_ridge_bandwidth_is_the_roof():
    point = roofline_point(1e12, 1e11, 1.0, T4)
    assert point.intensity_flop_byte == pytest.approx(10)
    assert point.attainable_flop_s == pytest.approx(3.2e12)
    assert roofline_point(1e12, 1e9, 1.0, T4).attainable_flop_s == pytest.approx(8.1e12)


def test_what_is_not_known_is_null_with_a_reason():
    point = roofline_point(1e12, None, 1.0, {"fp32_tflops": float("nan"), "bandwidth_gb_s": ""})
    nulls = {"peak_flop_s", "mfu", "intensity_flop_byte", "attainable_flop_s"}
    assert {name for name in nulls if getattr(point, name) is None} == nulls
    assert set(point.null_reasons) == nulls


@pytest.mark.parametrize("amounts", [(0, None, 1.0), (1e9, None, 0.0), (1e9, float("nan"), 1.0)])
def test_an_amount_that_is_none_is_refused(amounts):
    with pytest.raises(UsageError, match="must be a number above 0"):
        roofline_point(*amounts, T4)


def test_an_unknown_precision_is_refused():
    with pytest.raises(UsageError, match="unknown precision 'int4'"):
        roofline_point(1e9, None, 1.0, T4, "int4")


def test_why_nothing_was_counted_is_said(tmp_path, monkeypatch):
    def reason():
        record.write(tmp_path / "u.jsonl")
        return json.loads((tmp_path / "u.jsonl").read_text())["null_reasons"]["flops"]

    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    record = UsageRecord("a", {})
    assert reason() == "not counted: see profile.flops"
    monkeypatch.setitem(sys.modules, "onnxruntime", object())
    assert "ONNX Runtime" in reason()
    record.flops = "went on from a checkpoint"
    assert reason() == "went on from a checkpoint"
