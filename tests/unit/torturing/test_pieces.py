"""The pieces of the torture: whom it kills, and when it calls two runs the same."""

import json
import os
import subprocess
import sys
import time

import av
import numpy as np
import pandas as pd
import psutil
import pytest
from torturing.jobs import (
    Work,
    jobs_of,
    kill_tree,
    left_behind,
    partial_files,
    rule_of,
    wait_for_orphans,
)
from torturing.killer import Killer
from torturing.plan import MOMENTS, Strike, make_plan
from torturing.same import content_digest, differences, half_written, identical_bytes


def test_a_job_is_known_by_its_script():
    script = "/x/.snakemake/scripts/tmp_a1b2.speak_script.py"
    assert rule_of(["/usr/bin/python", script]) == "speak_script"
    assert rule_of(["/usr/bin/python", "-m", "snakemake"]) is None


@pytest.fixture
def run(tmp_path):
    """A parent that waits for a job of rule `sleep_long`."""
    folder = tmp_path / ".snakemake" / "scripts"
    folder.mkdir(parents=True)
    job = folder / "tmpabc.sleep_long.py"
    job.write_text("import time; time.sleep(60)")
    parent = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, sys.argv[1]]))"
    process = subprocess.Popen([sys.executable, "-c", parent, str(job)])
    while not dict(jobs_of(process.pid)):
        time.sleep(0.02)
    yield process
    kill_tree(process.pid)
    for orphan in psutil.process_iter(["cmdline"]):
        if str(job) in (orphan.info["cmdline"] or []):
            orphan.kill()


def strike(target, moment="start"):
    return Strike(0, "sleep_long", moment, target, share=0.0)


def test_a_struck_job_is_dead_and_counted(run):
    killer = Killer([strike("job")])
    killer.attend(run)
    assert run.returncode != 0
    assert [(kill.target, kill.rule) for kill in killer.kills] == [("job", "sleep_long")]
    assert killer.pending() == []


def test_jobs_of_a_struck_snakemake_run_on_as_orphans(run, tmp_path):
    killer = Killer([strike("snakemake")])
    killer.attend(run)
    with pytest.raises(TimeoutError):
        wait_for_orphans(str(tmp_path), limit_s=0.3)


def test_when_everything_is_struck_nothing_is_left(run, tmp_path):
    killer = Killer([strike("everything")])
    killer.attend(run)
    wait_for_orphans(str(tmp_path), limit_s=10)


def test_a_killer_goes_on_where_its_log_ends(run, tmp_path):
    plan = [strike("job"), Strike(1, "other", "start", "job", 0.0)]
    Killer(plan, log=tmp_path / "kills").attend(run)
    again = Killer(plan, log=tmp_path / "kills")
    assert [kill.number for kill in again.kills] == [0]
    assert again.pending() == ["other"]


def test_a_plan_goes_over_every_rule_and_moment_before_it_repeats_one():
    plan = make_plan(["a", "b", "c"], kills=30, seed=1)
    cells = [(strike.rule, strike.moment) for strike in plan]
    every = {(rule, moment) for rule in "abc" for moment in MOMENTS}
    assert set(cells[:12]) == set(cells[12:24]) == every
    assert plan == make_plan(["c", "b", "a"], kills=30, seed=1)
    assert plan != make_plan(["a", "b", "c"], kills=30, seed=2)


def test_a_half_written_file_is_known_by_the_name_of_its_output(tmp_path):
    half = tmp_path / ".a.17.partial.mp4"
    half.write_text("")
    assert partial_files([tmp_path / "a.mp4", tmp_path / "b.mp4"]) == {half}


def test_a_half_written_file_is_left_behind_once_its_process_has_ended(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f".a.{ended.pid}.partial.mp4"
    written = tmp_path / f".a.{os.getpid()}.partial.mp4"
    for path in (left, written):
        path.write_text("")
    assert left_behind([tmp_path / "a.mp4"]) == {left}


def test_what_jobs_made_is_read_from_what_snakemake_noted(tmp_path):
    name = "results/" + "long/" * 60 + "a.txt"
    (tmp_path / "Snakefile").write_text(
        f"rule make_a:\n    output: {name!r}\n    log: 'a.log'\n    shell: 'echo > {{output}}'\n"
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    work = Work.noted_in(tmp_path / ".snakemake" / "metadata", tmp_path)
    assert work.outputs == {tmp_path / "a.log": (tmp_path / name,)}
    assert work.seconds.keys() == {"make_a"}


def write_video(path, level, comment=""):
    with av.open(str(path), "w") as container:
        container.metadata["comment"] = comment
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "bgr0"
        picture = np.full((32, 32, 3), level, np.uint8)
        for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")):
            container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


@pytest.fixture
def folders(tmp_path):
    base, other = tmp_path / "base", tmp_path / "other"
    for folder in (base, other):
        folder.mkdir()
    return base, other


def written(folders, name, write, *values):
    for folder, value in zip(folders, values, strict=True):
        write(folder / name, value)
    return differences(*folders)


def as_json(path, value):
    path.write_text(json.dumps(value))


def test_times_may_differ_in_json_and_values_may_not(folders):
    assert written(folders, "a.json", as_json, {"n": 1.0, "at": "1"}, {"n": 1.0, "at": "2"}) == {}
    differing = written(folders, "a.json", as_json, {"m": [{"n": 1.0}]}, {"m": [{"n": 1.1}]})
    assert differing == {"a.json": ".m[0].n: 1.0 is not 1.1"}


def test_videos_are_the_same_by_their_frames(folders):
    for folder, comment in zip(folders, ("signed on Monday", "signed on Tuesday"), strict=True):
        write_video(folder / "a.mkv", 100, comment)
    assert identical_bytes(*folders) == (0, 1)
    assert differences(*folders) == {}
    write_video(folders[1] / "a.mkv", 101)
    assert differences(*folders) == {"a.mkv": "frames or sound differ"}
    assert content_digest(folders[0] / "a.mkv") != content_digest(folders[1] / "a.mkv")


def test_tables_and_everything_else_are_the_same_by_their_contents(folders):
    def table(path, value):
        pd.DataFrame({"x": [value]}).to_parquet(path)

    assert written(folders, "a.parquet", table, 1, 2) == {"a.parquet": "the tables differ"}
    assert written(folders, "a.parquet", table, 1, 1) == {}

    def text(path, value):
        path.parent.mkdir(exist_ok=True)
        path.write_text(value)

    assert written(folders, "answers/a.csv", text, "s\n1\n", "s\n2\n") == {}
    differing = written(folders, "answers/a.csv", text, "s\n1\n", "t\n1\n")
    assert differing == {"answers/a.csv": "columns differ: ['s'] ['t']"}
    (folders[1] / "answers" / "a.csv").write_text("s\n1\n")

    assert written(folders, "a.vtt", text, "one", "two") == {"a.vtt": "the bytes differ"}


def test_a_missing_and_an_additional_file_are_told_apart(folders):
    (folders[0] / "a.txt").write_text("")
    (folders[1] / "b.txt").write_text("")
    assert differences(*folders) == {"a.txt": "missing", "b.txt": "not in the undisturbed run"}


def test_what_an_interrupted_write_left_is_found(tmp_path):
    (tmp_path / ".a.17.partial.mp4").write_text("")
    assert half_written(tmp_path) == [".a.17.partial.mp4"]
