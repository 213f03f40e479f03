"""One measured figure, with what it must be compared to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Metric:
    """A figure, its unit and its controls; without a value, the reason why there is none."""

    value: float | None
    unit: str
    n: int
    """How many things were measured: frames, words, seconds; the unit is in the method."""
    method: str
    controls: Mapping[str, float | None] = field(default_factory=dict)
    """The same figure measured where the answer is known, by what it was measured on."""
    reason: str | None = None
    control_reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a control has no value, by its name."""
    control_n: Mapping[str, int] = field(default_factory=dict)
    """How many things a control was measured on, where it is not as many as the value."""

    def as_json(self) -> dict[str, Any]:
        """Return plain values, rounded to six decimals; what is not finite becomes null."""
        value = _plain(self.value)
        controls = {name: _plain(control) for name, control in self.controls.items()}
        return {
            "value": value,
            "unit": self.unit,
            "n": self.n,
            "controls": controls,
            "control_reasons": {
                name: self.control_reasons.get(name, "could not be measured")
                for name, control in controls.items()
                if control is None
            },
            "control_n": {name: self.control_n.get(name, self.n) for name in controls},
            "method": self.method,
            "reason": self.reason or ("the result was not a number" if value is None else None),
        }


def not_measured(unit: str, method: str, reason: str) -> Metric:
    """Return a metric without a value."""
    return Metric(value=None, unit=unit, n=0, method=method, reason=reason)


def _plain(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), 6)
