import shutil

import pytest

from mythmeter import code_version as module
from mythmeter.code_version import PACKAGE, code_version


@pytest.fixture
def copy(tmp_path, monkeypatch):
    package = tmp_path / "mythmeter"
    shutil.copytree(PACKAGE / "media", package / "media")
    shutil.copytree(PACKAGE / "usage", package / "usage")
    monkeypatch.setattr(module, "PACKAGE", package)
    code_version.cache_clear()
    yield package
    code_version.cache_clear()


def test_an_edited_module_changes_the_digest_of_its_room_only(copy):
    media, usage = code_version("media"), code_version("usage")
    with (copy / "media" / "decode.py").open("a") as file:
        file.write("\n# edited\n")
    code_version.cache_clear()
    assert code_version("media") != media
    assert code_version("usage") == usage


def test_compiled_files_do_not_count(copy):
    before = code_version("media")
    (copy / "media" / "__pycache__").mkdir(exist_ok=True)
    (copy / "media" / "__pycache__" / "x.pyc").write_bytes(b"1")
    code_version.cache_clear()
    assert code_version("media") == before


def test_a_room_that_does_not_exist_is_a_mistake_in_a_rule():
    with pytest.raises(FileNotFoundError, match="no room 'attic'"):
        code_version("attic")
