"""Counting the floating-point operations of a torch block, in a run of its own."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FlopCount:
    """What a block computes."""

    flops: int
    """A multiplication and an addition are two."""
    uncounted: tuple[str, ...]
    """Operators that ran and have no formula, so that `flops` leaves them out."""
    method: str
