import gc
import json
import subprocess
import sys
import threading
from datetime import datetime

import pytest

from mythmeter.errors import MythmeterError
from mythmeter.usage.claim import Device
from mythmeter.usage.record import UsageRecord
from mythmeter.usage.table import gather, read_record, read_records


def write(path, record):
    record.write(path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_phase_becomes_a_line_and_the_rest_is_called_other(tmp_path):
    record = UsageRecord("track_faces", {"clip": "langer"}, threads=2)
    with record.phase("model_load"):
        pass
    with record.phase("steady", frames=10) as work:
        work["frames"] = 12
        sum(range(10**5))
    lines = write(tmp_path / "u.jsonl", record)
    assert [line["phase"] for line in lines] == ["model_load", "steady", "other"]
    assert lines[1]["work"] == {"frames": 12}
    assert lines[1]["threads"] == 2
    assert lines[1]["start_s"] >= lines[0]["start_s"] + lines[0]["wall_s"]


def test_the_phases_add_up_to_the_wall_time_of_the_job(tmp_path):
    record = UsageRecord("a", {})
    with record.phase("steady"):
        pass
    lines = write(tmp_path / "u.jsonl", record)
    assert sum(line["wall_s"] for line in lines) == pytest.approx(lines[-1]["job_wall_s"], abs=1e-4)


def test_a_record_says_when_its_process_began_which_is_before_the_record_did(tmp_path):
    record = UsageRecord("a", {})
    with record.phase("steady"):
        pass
    lines = write(tmp_path / "u.jsonl", record)
    began = datetime.fromisoformat(lines[-1]["process_started_at"])
    assert began < datetime.fromisoformat(lines[0]["started_at"])
    rows = read_records([tmp_path / "u.jsonl"])
    assert set(rows["process_started_at"]) == {began}


ALLOCATES = """
import sys
from pathlib import Path
from mythmeter.usage.record import UsageRecord

record = UsageRecord("a", {})
with record.phase("warmup"):
    pass
with record.phase("steady"):
    block = bytearray(b"x") * (200 * 2**20)
    record._memory.sample()
    del block
record.write(Path(sys.argv[1]))
"""


def test_the_peak_memory_of_a_phase_sees_what_the_phase_allocated(tmp_path):
    # In a process of its own: this one has freed memory to reuse, which shows in no peak.
    path = tmp_path / "u.jsonl"
    subprocess.run([sys.executable, "-c", ALLOCATES, str(path)], check=True)
    warmup, steady, other = (json.loads(line) for line in path.read_text().splitlines())
    assert steady["peak_rss_bytes"] - warmup["peak_rss_bytes"] > 150 * 2**20
    assert other["peak_rss_bytes"] >= steady["peak_rss_bytes"]


def test_what_was_not_measured_on_a_cpu_is_null_with_a_reason(tmp_path):
    line = write(tmp_path / "u.jsonl", UsageRecord("a", {}, device=Device("cpu")))[0]
    assert line["gpu_busy_s"] is None
    assert line["gpu_allocated_s"] is None
    assert line["energy_j"] is None
    assert line["gpu_null_reason"] == "ran on the CPU"


def test_on_a_gpu_the_allocated_time_is_wall_time_times_devices(tmp_path):
    record = UsageRecord("a", {}, device=Device("cuda", ("0", "1"), "claim"))
    with record.phase("steady"):
        sum(range(10**6))
    steady = write(tmp_path / "u.jsonl", record)[0]
    assert steady["gpu_allocated_s"] == pytest.approx(2 * steady["wall_s"], abs=1e-5)


def test_the_thread_that_watches_memory_ends_with_its_record():
    before = set(threading.enumerate())
    record = UsageRecord("a", {})
    (watcher,) = set(threading.enumerate()) - before
    assert watcher.is_alive()
    del record
    gc.collect()
    watcher.join(timeout=10)
    assert not watcher.is_alive()


def test_phases_never_nest():
    record = UsageRecord("a", {})
    with (
        record.phase("steady"),
        pytest.raises(RuntimeError, match="never nest"),
        record.phase("warmup"),
    ):
        pass


def test_records_become_one_table_with_a_row_for_each_phase(tmp_path):
    for name in ("x", "y"):
        record = UsageRecord("crop_faces", {"clip": name}, gpu_granted=1)
        with record.phase("steady", frames=3):
            pass
        record.write(tmp_path / f"{name}.jsonl")
    table = gather(tmp_path.glob("*.jsonl"), tmp_path / "usage.parquet")
    assert list(table["job"]) == ["crop_faces x"] * 2 + ["crop_faces y"] * 2
    assert table["job_wall_s"].notna().all()
    assert set(table["gpu_granted"]) == {1}


@pytest.mark.parametrize(
    ("content", "said"),
    [("not json\n", "not a usage record"), ('{"record_version": 99}\n', "version 99")],
)
def test_a_damaged_or_foreign_record_is_named(tmp_path, content, said):
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(MythmeterError, match=said) as error:
        read_record(path)
    assert str(path) in str(error.value)
