"""A share of the sheet, for a dry run: Snakemake plans a last batch only behind the others."""

import os
from collections.abc import Iterable, Mapping

from mythmeter.errors import ConfigError

VARIABLE = "MYTHMETER_SHARE"
"""Set by `mythmeter run` for each dry run: `2/10` is the second tenth of the renders."""


def share_of(renders: Iterable[str], environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the renders of this share, in their order; all where none is asked for.

    Raises:
        ConfigError: the variable does not say which of how many.
    """
    names, asked = list(renders), environment.get(VARIABLE)
    if asked is None:
        return names
    number, _, shares = asked.partition("/")
    if not (number.isdigit() and shares.isdigit() and 0 < int(number) <= int(shares)):
        raise ConfigError(f"{VARIABLE} is {asked!r}; it must be like 2/10, or not set.")
    first, stop = ((int(number) - k) * len(names) // int(shares) for k in (1, 0))
    return names[first:stop]
