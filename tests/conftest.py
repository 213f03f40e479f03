"""Fixtures that every test may use."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mythmeter.models.catalogue import load_catalogue
from mythmeter.models.fetch import fetch

REPOSITORY = Path(__file__).parents[1]
MEDIA = REPOSITORY.parent / "shared" / "media"


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of shared test media: real faces and voices, not part of the repository."""
    if not MEDIA.is_dir():
        pytest.skip(f"no shared test media at ../shared/media beside the checkout ({MEDIA.name})")
    return MEDIA


@pytest.fixture(scope="session")
def models() -> Callable[[str], Path]:
    """Return a function from an asset's name to its file, fetched and verified when missing."""
    catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")

    def path_of(name: str) -> Path:
        asset = catalogue[name]
        path = REPOSITORY / "resources" / "models" / asset.file
        if not path.is_file():
            fetch(asset, path)
        return path

    return path_of
