"""Swappers by name: each learns a person's face and puts it on a performer."""

from mythmeter.errors import ConfigError
from mythmeter.swap.swappers.base import Swapper
from mythmeter.swap.swappers.closed_form import ClosedForm
from mythmeter.swap.swappers.oneshot_onnx import OneshotOnnx

SWAPPERS: dict[str, type[Swapper]] = {ClosedForm.name: ClosedForm, OneshotOnnx.name: OneshotOnnx}


def swapper_class(name: str) -> type[Swapper]:
    """Return the swapper of that name.

    Raises:
        ConfigError: there is none, with the names of those there are.
    """
    if name not in SWAPPERS:
        raise ConfigError(
            f"swap.swapper: there is no swapper {name!r}. Known: {', '.join(sorted(SWAPPERS))}."
        )
    return SWAPPERS[name]
