"""torch's own account of GPU memory, where this process uses torch on a GPU."""

import sys
from typing import Any

from mythmeter.usage.claim import Device
from mythmeter.usage.fields import TORCH_FIELDS


class TorchMemory:
    """The two peaks of torch's allocator, for a phase and for the whole job.

    A peak is the sum over the devices of each one's own peak.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._highest = dict.fromkeys(TORCH_FIELDS, 0)

    def reset(self) -> None:
        """Begin a new phase."""
        cuda = _cuda(self._device)
        if cuda is not None:
            self._peaks(cuda)
            for index in range(cuda.device_count()):
                cuda.reset_peak_memory_stats(index)

    def read(self, whole_job: bool = False) -> tuple[dict[str, int | None], dict[str, str]]:
        """Return the peaks since the last reset, or of all phases, and reasons for nulls."""
        if self._device.kind != "cuda":
            return _none_because("ran on the CPU")
        cuda = _cuda(self._device)
        if cuda is None:
            return _none_because("torch did not use a GPU in the job's own process")
        peaks = self._peaks(cuda)
        return {**(self._highest if whole_job else peaks)}, {}

    def _peaks(self, cuda: Any) -> dict[str, int]:
        devices = range(cuda.device_count())
        now = dict(
            zip(
                TORCH_FIELDS,
                (
                    sum(cuda.max_memory_allocated(i) for i in devices),
                    sum(cuda.max_memory_reserved(i) for i in devices),
                ),
                strict=True,
            )
        )
        self._highest = {name: max(now[name], self._highest[name]) for name in TORCH_FIELDS}
        return now


def synchronise(device: Device) -> None:
    """Wait for queued GPU work, so that it is counted in the phase that queued it."""
    cuda = _cuda(device)
    if cuda is not None:
        for index in range(cuda.device_count()):
            cuda.synchronize(index)


def _cuda(device: Device) -> Any:
    """torch.cuda if this process has used it; importing or starting it would cost seconds."""
    torch = sys.modules.get("torch")
    if device.kind != "cuda" or torch is None:
        return None
    cuda = getattr(torch, "cuda", None)  # absent while torch is still being imported
    return cuda if cuda is not None and cuda.is_initialized() else None


def _none_because(reason: str) -> tuple[dict[str, int | None], dict[str, str]]:
    return dict.fromkeys(TORCH_FIELDS), dict.fromkeys(TORCH_FIELDS, reason)
