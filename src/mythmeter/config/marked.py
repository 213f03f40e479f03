"""YAML with line numbers, so that an error can say where it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from mythmeter.errors import ConfigError

Key = str | int
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LIMIT_BYTES = 4_000_000


class MarkedYaml:
    """A YAML file: its value, and the line of each key in it."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: not there, not text, not YAML, or a key that is given twice.
        """
        self.path = path
        loader = Loader(read_text(path))
        try:
            node = loader.get_single_node()
            self.value: Any = loader.construct_document(node) if node is not None else None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f"{path}, line {mark.line + 1}" if mark else str(path)
            raise ConfigError(f"{where}: not valid YAML: {error.problem}.") from error
        except (yaml.YAMLError, ValueError) as error:
            raise ConfigError(f"{path}: not valid YAML: {error}.") from error
        finally:
            loader.dispose()
        self._lines: dict[tuple[Key, ...], int] = {}
        self._walked: set[int] = set()
        if node is not None:
            self._mark(node, (), [])

    def line(self, keys: Sequence[Key]) -> int:
        """Return the line of a key, or of the nearest thing around it that is in the file."""
        for length in range(len(keys), -1, -1):
            if tuple(keys[:length]) in self._lines:
                return self._lines[tuple(keys[:length])]
        return 1

    def has(self, keys: Sequence[Key]) -> bool:
        """Whether the file itself sets this key."""
        return tuple(keys) in self._lines

    def _mark(self, node: yaml.Node, keys: tuple[Key, ...], around: list[yaml.Node]) -> None:
        if any(node is outer for outer in around):
            raise ConfigError(f"{self.path}, line {node.start_mark.line + 1}: an alias to itself.")
        self._lines.setdefault(keys, node.start_mark.line + 1)
        if id(node) in self._walked:  # an alias: walked once, or a small file could take for ever
            return
        self._walked.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key_node, value_node in node.value:
                key, line = str(key_node.value), key_node.start_mark.line + 1
                if key in seen:
                    raise ConfigError(f"{self.path}, line {line}: key {key!r} is given twice.")
                seen.add(key)
                self._lines[(*keys, key)] = line
                self._mark(value_node, (*keys, key), [*around, node])
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._mark(item, (*keys, number), [*around, node])


def read_text(path: Path) -> str:
    """Read a text file of the configuration.

    Raises:
        ConfigError: not there, a folder, too large to be meant, or not UTF-8.
    """
    try:
        if path.stat().st_size > _LIMIT_BYTES:
            raise ConfigError(f"{path}: larger than 4 MB; this cannot be a configuration file.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start}).") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}.") from error
