"""The plugins of `make setup-executors`, or the reason why the tests here are skipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.servers import PLUGINS, Moto, running_moto


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if PLUGINS.is_dir():
        return
    skip = pytest.mark.skip(reason="no .executors/cloud: run `make setup-executors`")
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and "moto" in item.fixturenames:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    with running_moto() as server:
        yield server
