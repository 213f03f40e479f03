"""Sentences with numbers in them, each traceable to its row of the table of quantities."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from mythmeter.answers.figures import number, seconds
from mythmeter.answers.quantity import Quantity

SPOKEN = {
    "GPU s per output s": "GPU-seconds per second of video",
    "s per output s": "s per second of video",
    "CPU s per s of video": "CPU-seconds per second of video",
    "USD per output minute": "USD per minute of video",
    "exponent": "1",
    "r": "1",
    "distance": "1",
    "GPU h": "GPU hours",
}
"""Units of tables, as a sentence says them; 1 is none."""


@dataclass(frozen=True)
class Saying:
    """A sentence whose `{names}` are quantities.

    The page shows each number in a `<data>` element with its exact value and its name, so that a
    reader (and a test) can find the row behind it.
    """

    text: str
    """With `{name}` where the number goes, unit included."""
    quantities: Mapping[str, Quantity] = field(default_factory=dict)

    def __add__(self, further: "Saying") -> "Saying":
        """Return one saying of both texts."""
        return Saying(self.text + further.text, {**self.quantities, **further.quantities})

    def plain(self) -> str:
        """Return the sentence for a terminal."""
        shown = {name: written(quantity) for name, quantity in self.quantities.items()}
        return self.text.format(**shown)

    def html(self) -> Markup:
        """Return the sentence for the page."""
        shown = {
            name: Markup('<data value="{}" data-quantity="{}">{}</data>').format(
                "" if quantity.value is None else repr(quantity.value), name, written(quantity)
            )
            for name, quantity in self.quantities.items()
        }
        return Markup(escape(self.text)).format(**shown)


def written(quantity: Quantity) -> str:
    """Write a quantity with its unit: `4.2 s`, `37 %`, `$0.26`; a missing one as its reason."""
    value = quantity.value
    if value is None:
        return f"unknown ({quantity.reason})"
    unit = SPOKEN.get(quantity.unit, quantity.unit)
    if unit == "s":
        return seconds(value)
    if unit.split(" ")[0] == "share":
        return f"{number(100 * value, 2)} %{unit.removeprefix('share')}"
    if unit.startswith("USD"):
        return f"${number(value)}{unit.removeprefix('USD')}"
    figure = f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else number(value)
    if value == 1 and unit == "GPUs":
        return "1 GPU"
    return figure if unit == "1" else f"{figure} {unit}"


def with_spread(quantity: Quantity) -> str:
    """Write a quantity with its interval, or with the reason why it has none."""
    text = written(quantity)
    if quantity.value is None:
        return text
    if quantity.low is None or quantity.high is None:
        return f"{text} (no error bar: {quantity.reason or f'n = {quantity.n}'})"
    low, high = (
        written(Quantity(v, quantity.unit, quantity.n, quantity.source))
        for v in (quantity.low, quantity.high)
    )
    return f"{text} ({low} to {high}; {quantity.spread}, n = {quantity.n})"
