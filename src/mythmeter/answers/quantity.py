"""A number that an answer prints: never without unit, count, scope and source."""

import math
from dataclasses import dataclass, replace

from mythmeter.errors import UnfoundedError


@dataclass(frozen=True)
class Quantity:
    """One number of an answer, with everything that a reader needs to check it.

    Raises:
        UnfoundedError: a value without unit, n or source, or a missing value without a reason.
    """

    value: float | None
    unit: str
    n: int
    """How many measurements (or published figures) stand behind it; 0 only where it is missing."""
    source: str
    """Where it comes from: a file of the run, a price list with its date, a formula."""
    scope: str = ""
    """What it covers: cold or warm, which stages, which machine."""
    low: float | None = None
    high: float | None = None
    spread: str | None = None
    """What `low` and `high` are: `95 % bootstrap interval`, `interval of the model`."""
    reason: str | None = None
    """Why the value is missing, or why it has no spread."""

    def __post_init__(self) -> None:
        if self.value is not None and math.isnan(self.value):
            raise UnfoundedError(f"NaN in {self.unit or 'a value'} from {self.source or 'nowhere'}")
        if self.value is None:
            if not self.reason:
                raise UnfoundedError(f"a missing value ({self.unit}) has no reason")
            return
        for name, missing in (
            ("unit", not self.unit),
            ("n", self.n < 1),
            ("source", not self.source),
            ("spread", (self.low is not None or self.high is not None) and not self.spread),
        ):
            if missing:
                raise UnfoundedError(f"{self.value} {self.unit} lacks its {name}")

    @classmethod
    def missing(cls, unit: str, reason: str, source: str = "", scope: str = "") -> "Quantity":
        """Return a number that could not be measured or worked out, and why."""
        return cls(None, unit, 0, source, scope, reason=reason)

    def scaled(self, factor: float, unit: str, source: str | None = None) -> "Quantity":
        """Return this times a positive constant, its spread with it; missing stays missing."""
        source = self.source if source is None else source
        if self.value is None:
            return Quantity.missing(unit, str(self.reason), source, self.scope)
        return replace(
            self,
            value=self.value * factor,
            unit=unit,
            source=source,
            low=None if self.low is None else self.low * factor,
            high=None if self.high is None else self.high * factor,
        )
