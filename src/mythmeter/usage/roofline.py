"""Where a measured block stands under the roof of a GPU.

Source: Williams, Waterman and Patterson, *Roofline: an insightful visual performance model for
multicore architectures* (2009). FLOP utilisation (MFU) after Chowdhery et al., *PaLM* (2022).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mythmeter.errors import UsageError

TENSOR_PRECISIONS = ("float16", "bfloat16")
"""What runs on tensor cores at the figure of `gpus.csv`; float32 is held against plain FP32."""


@dataclass(frozen=True)
class RooflinePoint:
    """A block that was counted and timed, on one GPU."""

    achieved_flop_s: float
    """FLOPs a second."""
    peak: str
    """Which figure of the GPU it is held against: `fp32` or `fp16_tensor`."""
    peak_flop_s: float | None
    mfu: float | None
    """Share of the peak, 0–1."""
    intensity_flop_byte: float | None
    """FLOPs for each byte moved to or from the memory of the GPU."""
    attainable_flop_s: float | None
    """The lower of the two roofs, compute and bandwidth, at this intensity."""
    null_reasons: Mapping[str, str]


def roofline_point(
    flops: float,
    bytes_moved: float | None,
    seconds: float,
    gpu_spec: Mapping[str, Any],
    precision: str = "float32",
) -> RooflinePoint:
    """Place a block under the roof of a GPU.

    Args:
        flops: that were computed, a multiplication and an addition being two.
        bytes_moved: to and from the memory of the GPU; None: not counted.
        seconds: that it took, from a run without counting.
        gpu_spec: a row of `gpus.csv`: `fp32_tflops`, `fp16_tensor_tflops`, `bandwidth_gb_s`.
        precision: `float32`, `float16` or `bfloat16`.

    Raises:
        UsageError: an amount that is none, or an unknown precision.
    """
    for name, amount in (("flops", flops), ("seconds", seconds), ("bytes_moved", bytes_moved)):
        if amount is not None and not (math.isfinite(amount) and amount > 0):
            raise UsageError(f"roofline: {name} is {amount}; it must be a number above 0.")
    if precision not in ("float32", *TENSOR_PRECISIONS):
        known = ", ".join(("float32", *TENSOR_PRECISIONS))
        raise UsageError(f"roofline: unknown precision {precision!r}; known are {known}.")
    reasons: dict[str, str] = {}
    peak = "fp16_tensor" if precision in TENSOR_PRECISIONS else "fp32"
    peak_flop_s = _figure(gpu_spec, f"{peak}_tflops", 1e12)
    bandwidth = _figure(gpu_spec, "bandwidth_gb_s", 1e9)
    achieved = flops / seconds
    if peak_flop_s is None:
        reasons |= dict.fromkeys(("peak_flop_s", "mfu"), f"the GPU has no figure {peak}_tflops")
    intensity = None if bytes_moved is None else flops / bytes_moved
    if intensity is None:
        reasons["intensity_flop_byte"] = "bytes moved were not counted"
    attainable = None
    if intensity is None or peak_flop_s is None or bandwidth is None:
        reasons["attainable_flop_s"] = "needs intensity, peak and bandwidth"
    else:
        attainable = min(peak_flop_s, intensity * bandwidth)
    return RooflinePoint(
        achieved_flop_s=achieved,
        peak=peak,
        peak_flop_s=peak_flop_s,
        mfu=None if peak_flop_s is None else achieved / peak_flop_s,
        intensity_flop_byte=intensity,
        attainable_flop_s=attainable,
        null_reasons=reasons,
    )


def _figure(gpu_spec: Mapping[str, Any], column: str, unit: float) -> float | None:
    value = gpu_spec.get(column)
    if value is None or value == "" or math.isnan(float(value)):
        return None
    return float(value) * unit
