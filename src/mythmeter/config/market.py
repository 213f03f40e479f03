"""The table market.csv: the inputs of the GPU-market calculator, checked row by row."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mythmeter.config.schema import near
from mythmeter.config.tables import rows_with_lines
from mythmeter.errors import ConfigError

ARGUMENTS = {
    "fixed": ("value",),
    "uniform": ("lowest", "highest"),
    "triangular": ("lowest", "likeliest", "highest"),
    "lognormal": ("5 % point", "95 % point"),
    "beta": ("alpha", "beta"),
}
"""What columns a, b and c mean for each distribution."""

PARAMETERS = (
    "startups",
    "fleet",
    "failed",
    "owned",
    "resold",
    "h100_per_gpu",
    "installed",
    "doubling",
    "nvidia_2021",
    "index_2021",
    "nvidia_2025",
    "index_2025",
)
CERTAIN = PARAMETERS[6:]
"""Parameters that are looked up rather than drawn: one figure each."""


def check_market(path: Path) -> list[dict[str, Any]]:
    """Read market.csv; return its rows, without their empty cells.

    Raises:
        ConfigError: a faulty row, by line and column; a parameter twice, unknown or missing.
    """
    rows = rows_with_lines(path, "market")
    seen: set[str] = set()
    for where, row in rows:
        name = row["parameter"]
        if name not in PARAMETERS:
            raise ConfigError(f"{where}: unknown parameter {name!r}. {near(name, PARAMETERS)}")
        if name in seen:
            raise ConfigError(f"{where}: parameter {name!r} has more than one row.")
        seen.add(name)
        _check_arguments(where, row)
        _check_range(where, row)
    missing = [name for name in PARAMETERS if name not in seen]
    if missing:
        raise ConfigError(f"{path}: no row for {missing[0]!r}; copy it from the built-in file.")
    return [row for _, row in rows]


def _check_arguments(where: str, row: Mapping[str, Any]) -> None:
    kind = row["distribution"]
    meanings = ARGUMENTS[kind]
    for column, meaning in zip("abc", (*meanings, None, None), strict=False):
        if meaning is None and column in row:
            raise ConfigError(
                f"{where}, column {column}: {kind} takes {len(meanings)} "
                f"({', '.join(meanings)}); leave {column} empty."
            )
        if meaning is not None and column not in row:
            raise ConfigError(f"{where}, column {column}: {kind} lacks its {meaning}.")
    values = [row[column] for column in "abc"[: len(meanings)]]
    if kind == "beta":
        if min(values) <= 0:
            raise ConfigError(f"{where}: alpha and beta must be more than 0.")
    elif values != sorted(values) or (len(values) > 1 and values[0] == values[-1]):
        raise ConfigError(f"{where}: {', '.join(meanings)} must rise: {values}.")
    if row["parameter"] in CERTAIN and kind != "fixed":
        raise ConfigError(f"{where}: {row['parameter']} is one figure: its distribution is fixed.")


def _check_range(where: str, row: Mapping[str, Any]) -> None:
    kind, values = row["distribution"], [row[column] for column in "abc" if column in row]
    share = row["unit"] == "share"
    if share and kind == "lognormal":
        raise ConfigError(f"{where}: a share is at most 1; use beta, triangular or uniform.")
    if share and kind != "beta" and not 0 <= min(values) <= max(values) <= 1:
        raise ConfigError(f"{where}: a share lies between 0 and 1.")
    least = min(values)
    if least < 0 or (least == 0 and (kind == "lognormal" or row["parameter"] in CERTAIN)):
        raise ConfigError(f"{where}: {row['parameter']} is {least:g}; it must be more than 0.")
