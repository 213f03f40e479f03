"""Paths of the configuration: relative to the file that names them, without tricks."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mythmeter.config.marked import Key, MarkedYaml
from mythmeter.errors import ConfigError

BUILT_IN = Path("config/config.yaml")
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_REFUSED = re.compile(r"[\x00-\x1f{}<>]")


def is_id(name: object) -> bool:
    """Whether a name can stand for a render, a person or a clip, in file names too."""
    return isinstance(name, str) and ID.fullmatch(name) is not None


def tidy(path: str, folder: Path, where: str) -> Path:
    """Resolve a path against the folder that it is relative to.

    What lies in the working directory is returned relative to it, because Snakemake compares
    file names as text.

    Raises:
        ConfigError: control characters, or signs that are wildcards to Snakemake.
    """
    if _REFUSED.search(path):
        raise ConfigError(
            f"{where}: path {path!r} has a control character or one of {{ }} < >; rename the file."
        )
    full = _absolute(folder / Path(path).expanduser())
    here = str(Path.cwd())
    if full == here:
        return Path()
    return Path(full[len(here) + 1 :]) if full.startswith(here + os.sep) else Path(full)


class Origins:
    """The files that a merged configuration comes from, the last one first."""

    def __init__(self, configfiles: Sequence[Path]) -> None:
        self.files = [MarkedYaml(Path(path)) for path in reversed(configfiles)]
        if BUILT_IN.is_file() and not any(_same(BUILT_IN, f.path) for f in self.files):
            self.files.append(MarkedYaml(BUILT_IN))

    def file_of(self, keys: Sequence[Key], value: Any) -> MarkedYaml | None:
        """Return the file that set a key to this value; none if the command line did."""
        for file in self.files:
            if file.has(keys):
                return file if _at(file.value, keys) == value else None
        return None

    def folder_of(self, keys: Sequence[Key], value: Any) -> Path:
        """Return the folder that a path under this key is relative to."""
        file = self.file_of(keys, value)
        if file is None or _same(BUILT_IN, file.path):
            return Path()
        return file.path.parent

    def path(self, config: Mapping[str, Any], *keys: str) -> Path:
        """Return the path under a key, resolved against the folder of the file that names it.

        Raises:
            ConfigError: see `tidy`.
        """
        value = _at(config, keys)
        return tidy(value, self.folder_of(keys, value), self.where(keys))

    def path_or_none(self, config: Mapping[str, Any], *keys: str) -> Path | None:
        """Return the same where the key is set; None where it is null."""
        return None if _at(config, keys) is None else self.path(config, *keys)

    def where(self, keys: Sequence[Key]) -> str:
        """Say where a key is written, for a message."""
        for length in range(len(keys), 0, -1):
            for file in self.files:
                if file.has(keys[:length]):
                    return f"{_shown(file.path)}, line {file.line(keys)}"
        return _shown(self.files[0].path) if self.files else "--config"


def _same(one: Path, other: Path) -> bool:
    return _absolute(one) == _absolute(other)


def _absolute(path: Path) -> str:
    """Make a path absolute without following links: `resources/` may well be one."""
    return os.path.normpath(path.absolute())


def _shown(path: Path) -> str:
    return str(tidy(str(path), Path(), "config"))


def _at(value: Any, keys: Sequence[Key]) -> Any:
    for key in keys:
        if isinstance(value, Mapping | list):
            value = value[key]  # type: ignore[index]
    return value
