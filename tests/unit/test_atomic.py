import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mythmeter.atomic import replacing, scratch_beside


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


def gone_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_process_left_of_the_same_file_goes(tmp_path):
    left = tmp_path / f".a.{gone_process()}.partial.txt"
    left.write_text("half")
    with replacing(tmp_path / "a.txt") as partial:
        partial.write_text("whole")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_others_are_writing_stays(tmp_path):
    others = [f".a.{os.getppid()}.partial.txt", f".ab.{gone_process()}.partial.txt"]
    for name in others:
        (tmp_path / name).write_text("half")
    with replacing(tmp_path / "a.txt") as partial:
        partial.write_text("whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, "a.txt"])


def test_a_killed_writer_leaves_the_old_file_as_it_was(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    program = (
        "import os, signal, sys; from pathlib import Path; from mythmeter.atomic import replacing\n"
        "with replacing(Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(target)])
    assert killed.returncode == -signal.SIGKILL
    assert target.read_text() == "old"


def test_what_a_killed_writer_left_goes_though_nobody_reaped_it(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    while "Z" not in Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]:
        time.sleep(0.01)
    left = tmp_path / f".table.{child.pid}.partial.csv"
    left.write_text("half")
    with replacing(tmp_path / "table.csv") as partial:
        partial.write_text("whole")
    assert not left.exists()
    child.wait()


def test_a_scratch_folder_goes_with_its_block_and_that_of_a_killed_process_before(tmp_path):
    left = tmp_path / f".speech.{gone_process()}.partial.scratch"
    left.mkdir()
    (left / "sentences.f32").write_text("half")
    with scratch_beside(tmp_path / "speech.wav") as scratch:
        assert not left.exists()
        (scratch / "sentences.f32").write_text("whole")
    assert list(tmp_path.iterdir()) == []


def test_the_scratch_folder_of_a_process_that_lives_stays(tmp_path):
    others = tmp_path / f".speech.{os.getppid()}.partial.scratch"
    others.mkdir()
    with scratch_beside(tmp_path / "speech.wav"):
        pass
    assert others.is_dir()
