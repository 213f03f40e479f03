import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mythmeter.config import Project, load_project
from mythmeter.usage.device import DEVICE_VARIABLE

MERGE = "config/config.yaml"


@pytest.fixture
def checkout(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a copy of the built-in configuration."""
    folder = tmp_path / "checkout"
    shutil.copytree(repository / "config", folder / "config")
    monkeypatch.chdir(folder)
    monkeypatch.delenv(DEVICE_VARIABLE, raising=False)
    return folder


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge as Snakemake does: mappings key by key, anything else replaced."""
    result = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


@pytest.fixture
def load(checkout: Path) -> Callable[..., Project]:
    """Load the built-in configuration, files over it, and values of the command line over those."""

    def load_merged(
        *files: Path,
        main: bool = True,
        cluster: bool = False,
        stored: str | None = None,
        **command_line: Any,
    ) -> Project:
        config: dict[str, Any] = {}
        for file in (checkout / MERGE, *files):
            config = merged(config, yaml.safe_load(file.read_text()))
        return load_project(
            merged(config, command_line), files, main=main, cluster=cluster, stored=stored
        )

    return load_merged


@pytest.fixture
def edit(checkout: Path) -> Callable[[str, str, str], None]:
    """Replace a piece of text, which must be there, in a file of the configuration."""

    def replace(name: str, old: str, new: str) -> None:
        path = checkout / "config" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return replace
