import gc
import json
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pandas as pd
import pytest

from mythmeter.errors import MythmeterError, UsageError
from mythmeter.usage.claim import Device
from mythmeter.usage.fields import FIELDS
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
from mythmeter.usage.fields import FIELDS
from mythmeter.usage.record import UsageRecord

record = UsageRecord("a", {})
with record.phase("warmup"):
    pass
with record.phase("steady"):
    block = bytearray(b"x") * (200 * 2**20)
    record._sampler.sample()
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
    assert line["null_reasons"]["energy_j"] == "ran on the CPU"


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


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_refused_with_file_and_line(tmp_path, constant):
    path = tmp_path / "u.jsonl"
    record = UsageRecord("a", {})
    with record.phase("steady"):
        pass
    record.write(path)
    first, other = path.read_text().splitlines()
    path.write_text(first + "\n" + other.replace('"start_s": 0.0', f'"start_s": {constant}') + "\n")
    with pytest.raises(UsageError, match=rf"u\.jsonl, line 2: {constant} is no measurement"):
        read_record(path)


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_torn_last_line_is_said_to_be_one(tmp_path, share):
    path = tmp_path / "u.jsonl"
    UsageRecord("a", {}).write(path)
    text = path.read_text()
    path.write_text(text + text[: int(share * len(text))])
    with pytest.raises(UsageError, match=r"line 2: .* is torn: was the job killed"):
        read_record(path)


def test_a_record_that_lost_its_last_line_is_not_whole(tmp_path):
    path = tmp_path / "u.jsonl"
    record = UsageRecord("a", {})
    with record.phase("steady"):
        pass
    record.write(path)
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(UsageError, match="ends before the line of phase `other`"):
        read_record(path)


VERSION_1 = {
    "record_version": 1,
    "mythmeter_version": "0.1.0",
    "rule": "track_faces",
    "wildcards": {"clip": "langer"},
    "backend": "facemesh",
    "phase": "other",
    "started_at": "2026-11-21T10:00:00+00:00",
    "start_s": 0.0,
    "wall_s": 2.0,
    "cpu_s": 3.0,
    "peak_rss_bytes": 1000,
    "work": {"frames": 3},
    "threads": 1,
    "gpu_granted": 0,
    "device": "cpu",
    "device_indices": [],
    "device_chosen_by": "none",
    "machine": {"host": "old", "processor": "Old CPU", "logical_cores": 4},
    "gpu_busy_s": None,
    "gpu_allocated_s": None,
    "vram_allocated_peak_bytes": None,
    "vram_reserved_peak_bytes": None,
    "vram_process_peak_bytes": None,
    "energy_j": None,
    "energy_method": "none",
    "gpu_null_reason": "ran on the CPU",
    "job_wall_s": 2.0,
}


def test_records_of_both_versions_stand_side_by_side(tmp_path):
    (tmp_path / "1.jsonl").write_text(json.dumps(VERSION_1) + "\n")
    UsageRecord("assemble", {"render": "demo"}).write(tmp_path / "2.jsonl")
    table = gather(tmp_path.glob("*.jsonl"), tmp_path / "usage.parquet")
    old, new = (row for _, row in table.iterrows())
    assert (old["record_version"], new["record_version"]) == (1, 2)
    assert (old["cpu_s"], old["host"], old["processor"]) == (3.0, "old", "Old CPU")
    assert (old["machine"], new["machine"]) == ("here", "here")
    reasons = json.loads(old["null_reasons"])
    assert pd.isna(old["read_bytes"])
    assert reasons["read_bytes"] == "record of version 1 did not measure it"
    assert reasons["energy_j"] == "ran on the CPU"


def test_every_null_of_a_row_has_a_reason_in_both_versions(tmp_path):
    (tmp_path / "1.jsonl").write_text(json.dumps(VERSION_1) + "\n")
    UsageRecord("assemble", {"render": "demo"}).write(tmp_path / "2.jsonl")
    for row in [*read_record(tmp_path / "1.jsonl"), *read_record(tmp_path / "2.jsonl")]:
        described = {"memory_bytes", "system"}  # of the machine, which version 1 may not tell
        nulls = {name for name, value in row.items() if value is None} - described
        assert nulls <= set(json.loads(row["null_reasons"]))
        assert nulls


def test_what_a_stage_says_of_itself_stands_in_every_phase_whenever_it_says_so(tmp_path):
    record = UsageRecord("a", {})
    with record.phase("model_load"):
        pass
    record.backend, record.precision, record.batch = "fan", "float32", 16
    record.model_sha256 = "ab" * 32
    lines = write(tmp_path / "u.jsonl", record)
    assert {line["backend"] for line in lines} == {"fan"}
    assert {line["batch"] for line in lines} == {16}
    assert "precision" not in lines[0]["null_reasons"]


def test_a_unit_of_work_that_is_no_number_is_null_and_costs_nobody_the_job(tmp_path):
    record = UsageRecord("a", {})
    with record.phase("steady") as work:
        work["audio_s"] = float("nan")
    line = write(tmp_path / "u.jsonl", record)[0]
    assert line["work"] == {"audio_s": None}
    assert line["null_reasons"]["work.audio_s"] == "the stage counted nan"


USES = """
import sys
block = bytearray(b"x") * (120 * 2**20)
open(sys.argv[1], "wb").write(b"y" * 5_000_000)
sum(range(12_000_000))
print("done", flush=True)
sys.stdin.read()
"""


def child(path):
    started = subprocess.Popen(
        [sys.executable, "-c", USES, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout.readline() == "done\n"
    return started


@pytest.fixture
def living_and_ended(tmp_path):
    """The lines of a job whose first child lives on when its phase ends, and ends in the next."""
    record = UsageRecord("a", {})
    with record.phase("warmup"):
        worker = child(tmp_path / "x")
        record._sampler._tree.walk()
    with record.phase("steady"):
        worker.communicate()
    return write(tmp_path / "u.jsonl", record)


def test_cpu_seconds_of_a_child_count_while_it_lives_and_only_once(living_and_ended):
    warmup, steady, _ = living_and_ended
    assert warmup["cpu_s"] > 0.1
    assert steady["cpu_s"] < warmup["cpu_s"] / 2


def test_memory_of_a_child_counts(living_and_ended):
    assert living_and_ended[0]["peak_rss_bytes"] > 120 * 2**20


def test_bytes_that_a_child_wrote_count_once(living_and_ended):
    warmup, steady, _ = living_and_ended
    assert 5_000_000 <= warmup["written_bytes"] < 5_500_000
    assert steady["written_bytes"] < 500_000


def test_the_page_on_usage_tells_of_every_field_and_no_other(repository):
    page = (repository / "docs" / "usage.md").read_text()
    table = page.split("## Fields", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {name for cell in cells for name in re.findall(r"`([a-z0-9_]+)`", cell)}
    assert told == {*FIELDS, "job_wall_s", "job_energy_j"}


def test_importing_the_recorder_imports_nothing_heavy():
    heavy = "{'torch', 'pandas', 'numpy', 'pynvml'}"
    code = f"import sys, mythmeter.usage.job; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_process_is_not_said_to_have_begun_before_it_was_started():
    """psutil alone would be up to a second early."""
    code = "from mythmeter.usage.machine import process_started_at as at; print(at())"
    for _ in range(3):
        before = datetime.now(UTC)
        said = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        began = datetime.fromisoformat(said)
        assert (began - before).total_seconds() > -0.03
        assert began < datetime.now(UTC)
