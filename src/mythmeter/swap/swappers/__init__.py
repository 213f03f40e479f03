"""Swappers by name: each learns a person's face and puts it on a performer.

Light to import, because the rules ask which swapper learns from what.
"""

from importlib import import_module
from typing import TYPE_CHECKING, cast

from mythmeter.errors import ConfigError

if TYPE_CHECKING:
    from mythmeter.swap.swappers.base import PairSwapper, PersonSwapper, Swapper

SWAPPERS = {
    "closed_form": "mythmeter.swap.swappers.closed_form:ClosedForm",
    "oneshot_onnx": "mythmeter.swap.swappers.oneshot_onnx:OneshotOnnx",
    "trained": "mythmeter.swap.swappers.trained:Trained",
    "autoencoder": "mythmeter.swap.swappers.autoencoder:Autoencoder",
}
"""Where each is written: imported when it is used, since some need torch."""

PAIR_SWAPPERS = ("trained", "autoencoder")
"""Those that learn from the performer's footage too, anew for each target."""


def swapper_class(name: str) -> "type[Swapper]":
    """Return the swapper of that name.

    Raises:
        ConfigError: there is none, with the names of those there are.
    """
    if name not in SWAPPERS:
        raise ConfigError(
            f"swap.swapper: there is no swapper {name!r}. Known: {', '.join(sorted(SWAPPERS))}."
        )
    module, _, attribute = SWAPPERS[name].partition(":")
    found: type[Swapper] = getattr(import_module(module), attribute)
    return found


def person_swapper(name: str) -> "type[PersonSwapper]":
    """Return a swapper that learns from the person alone.

    Raises:
        ConfigError: there is none of that name.
    """
    if name in PAIR_SWAPPERS:
        raise ConfigError(f"swap.swapper: {name} learns from the performer too: rule train_pair.")
    return cast("type[PersonSwapper]", swapper_class(name))


def pair_swapper(name: str) -> "type[PairSwapper]":
    """Return a swapper that learns from the person and a performer.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in PAIR_SWAPPERS and name in SWAPPERS:
        raise ConfigError(f"swap.swapper: {name} learns from the person alone: rule train_swap.")
    return cast("type[PairSwapper]", swapper_class(name))
