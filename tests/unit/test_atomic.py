import pytest

from mythmeter.atomic import replacing


def test_the_file_appears_only_when_the_block_ends_well(tmp_path):
    with replacing(tmp_path / "deep" / "a.txt") as partial:
        partial.write_text("whole")
        assert not (tmp_path / "deep" / "a.txt").exists()
    assert (tmp_path / "deep" / "a.txt").read_text() == "whole"


def test_an_error_keeps_the_old_file_and_leaves_no_partial_one(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(RuntimeError), replacing(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"
