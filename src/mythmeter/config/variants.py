"""The sheet of variants that the experiment on optimisations measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mythmeter.config.places import Origins, tidy
from mythmeter.config.schema import validate
from mythmeter.config.sheet import read_table
from mythmeter.errors import ConfigError


@dataclass(frozen=True)
class Variant:
    """One setting against another."""

    name: str
    stage: str
    family: str
    """Which piece of the stage is run: a key of `mythmeter.experiments.variant.FAMILIES`."""
    base: str
    """The setting that is compared with."""
    changed: str
    skipped: str | None = None
    """Why it is not measured; None: it is."""


def load_variants(
    config: Mapping[str, Any], configfiles: Sequence[Path] = ()
) -> dict[str, Variant]:
    """Read the sheet that a configuration names, by name; arguments as of `load_project`.

    Raises:
        ConfigError: see `read_variants`.
    """
    keys = ("experiments", "ablation", "variants")
    given: str = config["experiments"]["ablation"]["variants"]
    origins = Origins(configfiles)
    return read_variants(tidy(given, origins.folder_of(keys, given), origins.where(keys)))


def read_variants(path: Path) -> dict[str, Variant]:
    """Read ablation.tsv, by name.

    Raises:
        ConfigError: a faulty row, by line, or a name that is there twice.
    """
    variants: dict[str, Variant] = {}
    for number, row in read_table(path):
        where = f"{path}, line {number}"
        validate(row, "ablation", lambda _keys, where=where: where)  # type: ignore[misc]
        name = row.pop("variant")
        if name in variants:
            raise ConfigError(f"{where}: variant {name!r} is already there.")
        if row["base"] == row["changed"]:
            raise ConfigError(f"{where}: base and changed are both {row['base']!r}.")
        variants[name] = Variant(name, **row)
    if not variants:
        raise ConfigError(f"{path}: no variant in it.")
    return variants
