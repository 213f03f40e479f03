"""Counting the floating-point operations of a torch block, in a run of its own.

Counting hooks into every operator: on code that mostly launches small kernels it costs twenty times
the run itself. So it never happens within a phase whose seconds count.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

METHOD = "torch FlopCounterMode"
ONNX_REASON = "not counted: ONNX Runtime ran in this job, and torch sees none of its operators"

_NO_ARITHMETIC = (
    *("view", "reshape", "expand", "permute", "transpose", "t", "slice", "select", "split"),
    *("split_with_sizes", "unsqueeze", "squeeze", "detach", "alias", "as_strided", "unbind"),
    *("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "new_zeros"),
    *("zeros", "zeros_like", "ones", "ones_like", "full", "full_like", "scalar_tensor", "arange"),
    *("fill", "zero", "copy", "clone", "_to_copy", "_unsafe_view", "cat", "stack", "set", "resize"),
    *("constant_pad_nd", "lift_fresh", "lift_fresh_copy", "item", "_local_scalar_dense", "unfold"),
    *("_reshape_alias", "is_same_size", "_has_compatible_shallow_copy_type", "index_select"),
    *("gather", "index", "repeat", "flip", "roll", "contiguous", "record_stream", "diagonal"),
)
"""Operators of torch's `aten` that move or make numbers and compute none."""


@dataclass(frozen=True)
class FlopCount:
    """What a block computes."""

    flops: int
    """A multiplication and an addition are two."""
    uncounted: tuple[str, ...]
    """Operators that ran, compute, and have no formula: `flops` leaves them out. Sorted."""
    method: str

    def times(self, factor: float, of_what: str) -> "FlopCount":
        """Return the count of work that is so many times as much, as `method` then says."""
        return FlopCount(
            round(self.flops * factor), self.uncounted, f"{self.method}, {of_what} × {factor:g}"
        )


@dataclass
class Counting:
    """A count that is under way; `count` is there once the block has ended."""

    count: FlopCount | None = None
    uncounted: set[str] = field(default_factory=set)

    def done(self) -> FlopCount:
        """Return the count of a block that has ended."""
        if self.count is None:
            raise RuntimeError("the block that is counted has not ended")
        return self.count


@contextmanager
def counting_flops() -> Iterator[Counting]:
    """Count the FLOPs of what torch computes within the block, backward passes included.

    Matrix products, convolutions and attention have formulas; what else computes is listed.
    Attention on a CPU is taken apart into its matrix products first, because the counter has no
    formula for the fused one there. What runs in ONNX Runtime, in another process, in a CUDA graph
    that was captured before, or in custom kernels cannot be seen.
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    counting = Counting()
    counter = FlopCounterMode(display=False)
    with ExitStack() as stack:
        if not torch.cuda.is_available():
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        # The counter is entered last and so sees an operator first: what it takes apart itself
        # arrives here in parts.
        stack.enter_context(_lister(counter.flop_registry, counting.uncounted))
        stack.enter_context(counter)
        yield counting
    counting.count = FlopCount(
        int(counter.get_total_flops()), tuple(sorted(counting.uncounted)), METHOD
    )


def _lister(registry: dict[Any, Any], uncounted: set[str]) -> Any:
    """A mode that notes the operators that run and have no formula."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Lister(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            packet = getattr(func, "_overloadpacket", func)
            if packet not in registry and not _moves_only(str(packet)):
                uncounted.add(str(packet))
            return func(*args, **(kwargs or {}))

    return Lister()


def _moves_only(packet: str) -> bool:
    return packet.removeprefix("aten.").removesuffix("_") in _NO_ARITHMETIC
