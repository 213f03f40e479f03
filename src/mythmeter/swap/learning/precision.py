"""Which number format a device trains in."""

from pathlib import Path

import torch


def fast_type(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the device multiplies it in hardware; None: everything stays float32.

    Emulated bfloat16 is slower than float32, so a processor counts only with AVX512-BF16 or AMX.
    """
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= (8, 0)
        return torch.bfloat16 if native else None
    return torch.bfloat16 if {"avx512_bf16", "amx_bf16"} & _processor_flags() else None


def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return set(next((x for x in lines if x.startswith("flags")), "").partition(":")[2].split())
