"""Demands fitted from usage records, and read back by the configuration."""

import json

import numpy as np
import pytest

from mythmeter.cli import main
from mythmeter.config.demand import load_demand
from mythmeter.errors import UsageError
from mythmeter.usage.calibrate import calibrate, measured_jobs
from mythmeter.usage.record import UsageRecord


def write_job(
    results, rule, name, *, frames=None, wall_s=1.0, mem_mb=100, wildcards=None, **machine
):
    """A real record, with the figures of a job that took so much."""
    record = UsageRecord(rule, wildcards or {"render": name})
    with record.phase("steady", **({} if frames is None else {"frames": frames})):
        pass
    path = results / "usage" / rule / f"{name}.jsonl"
    record.write(path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["peak_rss_bytes"] = int(mem_mb * 1e6)
        line["machine"] |= machine
    lines[-1]["job_wall_s"] = wall_s
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def write_line(results, noise=0.0):
    """Jobs that take 5 s and 0.1 s a frame, 300 MB and 2 MB a frame."""
    chance = np.random.default_rng(1)
    for number, frames in enumerate((50, 100, 200, 400, 800)):
        write_job(
            results,
            "composite",
            f"r{number}",
            frames=frames,
            wall_s=5 + 0.1 * frames + noise * chance.standard_normal(),
            mem_mb=300 + 2 * frames,
        )


def test_the_line_behind_the_records_is_found(tmp_path):
    write_line(tmp_path)
    found = calibrate([tmp_path], tmp_path / "demand.json")["rules"]["composite"]
    assert found["unit"] == "frames"
    assert found["largest_units"] == 800
    assert found["runtime_s"]["base"] == pytest.approx(5, abs=0.01)
    assert found["runtime_s"]["per_unit"] == pytest.approx(0.1, rel=1e-3)
    assert found["mem_mb"]["per_unit"] == pytest.approx(2, rel=1e-3)
    assert found["mem_mb"]["error"] == pytest.approx(0, abs=0.1)
    assert found["mem_mb"]["n"] == 5


def test_the_error_is_what_the_line_leaves_over(tmp_path):
    write_line(tmp_path, noise=3.0)
    found = calibrate([tmp_path], tmp_path / "demand.json")["rules"]["composite"]
    assert 1.0 < found["runtime_s"]["error"] < 6.0


def test_jobs_of_one_size_have_no_slope_and_the_largest_counts(tmp_path):
    for number, mem_mb in enumerate((100, 140, 120)):
        write_job(tmp_path, "assemble", f"r{number}", frames=75, mem_mb=mem_mb)
    found = calibrate([tmp_path], tmp_path / "demand.json")["rules"]["assemble"]["mem_mb"]
    assert found == {"base": 140.0, "per_unit": None, "error": 20.0, "n": 3}


def test_on_the_cpu_gpu_memory_is_null_and_one_job_has_no_error(tmp_path):
    write_job(tmp_path, "assemble", "r", frames=75)
    found = calibrate([tmp_path], tmp_path / "demand.json")["rules"]["assemble"]
    assert found["vram_mb"] is None
    assert found["mem_mb"]["error"] is None


def test_presets_are_measured_apart(tmp_path):
    for preset in ("quick", "large"):
        wildcards = {"person": "ada", "preset": preset}
        write_job(tmp_path, "train_pair", preset, wildcards=wildcards)
    assert {job.rule for job in measured_jobs(tmp_path)} == {"train_pair/quick", "train_pair/large"}


def test_records_of_two_machines_are_not_mixed(tmp_path):
    write_job(tmp_path, "assemble", "a", logical_cores=2)
    write_job(tmp_path, "assemble", "b", logical_cores=64)
    with pytest.raises(UsageError, match="2 machines"):
        calibrate([tmp_path], tmp_path / "demand.json")


def test_a_folder_without_records_is_named(tmp_path):
    with pytest.raises(UsageError, match="no usage record"):
        calibrate([tmp_path], tmp_path / "demand.json")


def test_the_command_writes_what_the_configuration_reads(tmp_path, capsys):
    write_line(tmp_path)
    output = tmp_path / "demand.json"
    assert main(["calibrate", str(tmp_path), "--output", str(output)]) == 0
    assert "set demand.file" in capsys.readouterr().out
    demand = load_demand(output, {}, check=True)
    assert demand.of("composite", "mem_mb", {"frames": 1000}, 900, 1) == pytest.approx(2300, abs=2)
