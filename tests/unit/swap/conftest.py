"""Two drawn people, one of them learnt and put on the other, once for all tests."""

from pathlib import Path

import pytest
from drawn_faces import ABSENT, PERFORMER, PERSON, Files, learn, swap, write_face


@pytest.fixture(scope="session")
def person(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_face(tmp_path_factory.mktemp("person"), PERSON, 60)


@pytest.fixture(scope="session")
def performer(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_face(tmp_path_factory.mktemp("performer"), PERFORMER, 30, absent=ABSENT)


@pytest.fixture(scope="session")
def model(person: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    learn([person], path)
    return path


@pytest.fixture(scope="session")
def swapped(model: Path, performer: Files, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The performer's whole clip with the person's face."""
    return swap(model, performer, tmp_path_factory.mktemp("swapped"))
