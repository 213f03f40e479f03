"""From utilisation as people report it ("over 75 %") to seconds of GPU and of host.

NVML's utilisation is the share of time in which any kernel ran, so times the wall seconds it is
the GPU-busy seconds; the rest of the wall is the host's.
"""

from dataclasses import dataclass

from mythmeter.answers.quantity import Quantity
from mythmeter.errors import AnswerError


@dataclass(frozen=True)
class Split:
    """GPU-busy and host seconds of one machine; bounds where utilisation was given as one."""

    busy: Quantity
    host: Quantity


def split(
    wall_s: float, least: float, most: float, unit: str, source: str, scope: str = ""
) -> Split:
    """Split wall seconds by a utilisation between `least` and `most` (shares, 0–1).

    The value of each quantity is its bound nearest to the reported figure: busy at the end that
    was reported, host its complement; `low` and `high` are all that the report allows.

    Raises:
        AnswerError: shares that are none, or the wrong way round.
    """
    if not 0 <= least <= most <= 1:
        raise AnswerError(f"{source}: utilisation from {least} to {most} is not a range of shares")
    reported = least if least > 0 else most
    spread = f"bounds from a utilisation of {least:.0%} to {most:.0%}"
    busy = Quantity(
        wall_s * reported, unit, 1, source, scope, wall_s * least, wall_s * most, spread
    )
    host = Quantity(
        wall_s * (1 - reported),
        unit,
        1,
        source,
        scope,
        wall_s * (1 - most),
        wall_s * (1 - least),
        spread,
    )
    return Split(busy, host)


def host_ratio(slow: Split, fast: Split) -> Quantity:
    """Return how many times as long the host of one machine takes: its least, by the bounds.

    Null with a reason where the bounds allow any ratio.
    """
    unit = "times the host seconds"
    source = f"{slow.host.source} and {fast.host.source}"
    if slow.host.low is None or not fast.host.high:
        return Quantity.missing(unit, "the bounds allow any ratio", source)
    least = slow.host.low / fast.host.high
    return Quantity(least, unit, 1, source, low=least, spread="lower bound from utilisations")
