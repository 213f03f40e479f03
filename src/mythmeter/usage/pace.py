"""How often something may be measured, given what measuring it costs."""

import time
from typing import Self

SHARE = 0.003
"""Share of a processor that one kind of measurement may take."""


class Pace:
    """Times a measurement and spaces it out, so that its CPU time stays a small share.

    Use it as a context around the measurement.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._cost_s = 0.0
        self._last = float("-inf")
        self._began = 0.0

    def due(self, every_s: float | None = None) -> bool:
        """Whether the time has come for the next; `every_s` instead of the usual spacing."""
        return time.perf_counter() - self._last >= self.spacing_s(every_s)

    def spacing_s(self, every_s: float | None = None) -> float:
        """Seconds between two measurements: as wanted, or longer where they are dear."""
        return max(self._every_s if every_s is None else every_s, self._cost_s / SHARE)

    def __enter__(self) -> Self:
        self._began = time.thread_time()
        return self

    def __exit__(self, *_: object) -> None:
        self._cost_s = time.thread_time() - self._began
        self._last = time.perf_counter()
