"""What a record says of the devices that a job holds."""

import gc
import json
import multiprocessing
import os
import subprocess
import sys

import pytest
from fake_gpus import FakeGpu, FakeGpus

from mythmeter.answers.sample import minimum_n
from mythmeter.usage import gpu_fields
from mythmeter.usage.claim import Device, claim
from mythmeter.usage.nvml import Unreadable
from mythmeter.usage.record import UsageRecord

GIB = 2**30
OF_A_GPU = (*gpu_fields.SAMPLED_FIELDS, "vram_allocated_peak_bytes", "vram_reserved_peak_bytes")


@pytest.fixture
def short_windows(monkeypatch):
    """Let windows of no length have figures, so that no test has to wait for them."""
    monkeypatch.setattr(gpu_fields, "SHORTEST_ENERGY_S", 0.0)
    monkeypatch.setattr(gpu_fields, "SHORTEST_UTILISATION_S", 0.0)


def lines_of(record, path):
    record.write(path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def steady(path, *gpus, held=("0",), during=lambda: None, looks=2):
    """The line of a phase on fake devices, looked at twice."""
    record = UsageRecord("a", {}, device=Device("cuda", held, "claim"), gpus=FakeGpus(*gpus))
    with record.phase("steady"):
        for _ in range(looks):
            record._sampler.sample()
        during()
        if looks:
            record._sampler.sample()
    return lines_of(record, path)[0]


def job_on_a_device(folder, here, there):
    with claim(1, "cuda", folder) as device:
        there.put((os.getpid(), device.indices[0]))
        on = here.get(timeout=60)
        gpus = [FakeGpu(n, on_it=on[str(n)]) for n in range(2)]
        record = UsageRecord("a", {}, device=device, gpus=FakeGpus(*gpus))
        with record.phase("steady"):
            record._sampler.sample()
            gpus[0].joules += 100
            gpus[1].joules += 200
            record._sampler.sample()
        record.write(folder / f"{os.getpid()}.jsonl")


def test_two_jobs_on_two_devices_get_their_own_and_a_third_process_is_flagged(
    tmp_path, monkeypatch, short_windows
):
    monkeypatch.setenv("MYTHMETER_FAKE_GPUS", "2")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    there, pipes = multiprocessing.Queue(), [multiprocessing.Queue() for _ in range(2)]
    jobs = [
        multiprocessing.Process(target=job_on_a_device, args=(tmp_path, pipe, there))
        for pipe in pipes
    ]
    for job in jobs:
        job.start()
    device_of = dict(there.get(timeout=60) for _ in jobs)
    on = {index: {pid: (3 + int(index)) * GIB} for pid, index in device_of.items()}
    third = os.getpid()
    on["1"][third] = 7 * GIB
    for pipe in pipes:
        pipe.put(on)
    for job in jobs:
        job.join()
    line = {
        index: json.loads((tmp_path / f"{pid}.jsonl").read_text().splitlines()[0])
        for pid, index in device_of.items()
    }
    assert [line[i]["energy_j"] for i in "01"] == [100, 200]
    assert [line[i]["vram_process_peak_bytes"] for i in "01"] == [3 * GIB, 4 * GIB]
    assert [line[i]["gpu_uuid"] for i in "01"] == ["GPU-00", "GPU-11"]
    assert [line[i]["other_processes"] for i in "01"] == [0, 1]
    assert f"pid {third}" in line["1"]["other_processes_note"]
    assert line["1"]["energy_method"] == "counter"


def test_without_nvml_every_field_of_a_gpu_is_null_with_a_reason(tmp_path, monkeypatch):
    def no_library():
        raise Unreadable("NVML cannot be used: NVML Shared Library Not Found")

    monkeypatch.setattr("mythmeter.usage.sampler.Nvml", no_library)
    record = UsageRecord("a", {}, device=Device("cuda", ("0",), "claim"))
    with record.phase("steady"):
        pass
    for line in lines_of(record, tmp_path / "u.jsonl"):
        assert [line[name] for name in OF_A_GPU] == [None] * len(OF_A_GPU)
        assert all(line["null_reasons"][name] for name in OF_A_GPU)
        assert "Not Found" in line["null_reasons"]["energy_j"]
        assert line["energy_method"] == "none"
        assert line["gpu_allocated_s"] is not None


def test_busy_seconds_are_utilisation_times_wall_and_the_rest_is_the_hosts(tmp_path, short_windows):
    gpu = FakeGpu(used=0.25)
    line = steady(tmp_path / "u.jsonl", gpu)
    assert line["gpu_util_mean"] == 0.25
    assert line["gpu_busy_s"] == pytest.approx(0.25 * line["wall_s"], abs=1e-5)
    assert line["gpu_busy_s"] + line["host_s"] == pytest.approx(line["wall_s"], abs=1e-5)


def test_with_two_devices_held_energy_memory_and_busy_seconds_add_up(tmp_path, short_windows):
    one, two, other = FakeGpu(0, used=1.0), FakeGpu(1, used=0.5), FakeGpu(2)
    one.on_it = two.on_it = {os.getpid(): GIB}

    def during():
        one.joules += 10
        two.joules += 20
        other.joules += 1000

    line = steady(tmp_path / "u.jsonl", one, two, other, held=("0", "1"), during=during)
    assert line["energy_j"] == 30
    assert line["vram_process_peak_bytes"] == 2 * GIB
    assert line["gpu_util_mean"] == 0.75
    assert line["gpu_busy_s"] == pytest.approx(1.5 * line["wall_s"], abs=1e-5)
    assert line["host_s"] == pytest.approx(0.25 * line["wall_s"], abs=1e-5)
    assert line["gpu_name"] == "Fake 9000"
    assert line["gpu_uuid"] == "GPU-00, GPU-11"


def test_memory_of_a_child_process_on_the_device_is_the_jobs_own(tmp_path, short_windows):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        line = steady(tmp_path / "u.jsonl", FakeGpu(on_it={child.pid: GIB, os.getpid(): GIB}))
    finally:
        child.communicate(b"\n")
    assert line["vram_process_peak_bytes"] == 2 * GIB
    assert line["other_processes"] == 0


def test_a_short_window_has_no_energy_and_no_utilisation_and_says_why(tmp_path):
    line = steady(tmp_path / "u.jsonl", FakeGpu(), looks=0)
    assert line["energy_j"] is None
    assert line["energy_method"] == "none"
    assert "shorter than 2 s" in line["null_reasons"]["energy_j"]
    assert "shorter than 1 s" in line["null_reasons"]["gpu_util_mean"]
    assert line["other_processes"] is None


def test_energy_of_phases_too_short_for_a_figure_is_in_that_of_the_job(tmp_path, monkeypatch):
    gpu = FakeGpu()
    record = UsageRecord("a", {}, device=Device("cuda", ("0",), "claim"), gpus=FakeGpus(gpu))
    for phase in ("warmup", "steady"):
        with record.phase(phase):
            gpu.joules += 7
    gpu.joules += 1
    monkeypatch.setattr(gpu_fields, "SHORTEST_ENERGY_S", record._sampler.between.wall_s)
    record._phases[0].window.wall_s = 0.0
    other = lines_of(record, tmp_path / "u.jsonl")[-1]
    assert other["job_energy_j"] == 15


@pytest.mark.parametrize(
    ("reading", "fields"),
    [
        ("utilisation", ("gpu_util_mean", "gpu_busy_s", "host_s")),
        ("processes", ("vram_process_peak_bytes", "other_processes", "other_processes_note")),
        ("power_cap_w", ("gpu_power_cap_w",)),
        ("uuid", ("gpu_uuid",)),
    ],
)
def test_what_a_device_does_not_give_is_null_alone(tmp_path, short_windows, reading, fields):
    gpu = FakeGpu(on_it={os.getpid(): GIB}, missing={reading})
    line = steady(tmp_path / "u.jsonl", gpu)
    assert [line[name] for name in fields] == [None] * len(fields)
    assert all("Not Supported" in line["null_reasons"][name] for name in fields)
    left = set(OF_A_GPU) - set(fields) - {"gpu_util_p95"}
    nulls = {name for name in left if line[name] is None}
    assert nulls == {"vram_allocated_peak_bytes", "vram_reserved_peak_bytes"}


def test_without_a_counter_power_is_integrated_and_without_power_there_is_no_energy(
    tmp_path, short_windows
):
    line = steady(tmp_path / "u.jsonl", FakeGpu(watts=50.0, missing={"energy_j"}))
    assert line["energy_method"] == "power"
    assert line["energy_j"] == pytest.approx(50 * line["wall_s"], rel=0.2, abs=0.01)
    line = steady(tmp_path / "u.jsonl", FakeGpu(missing={"energy_j", "power_w"}))
    assert line["energy_method"] == "none"
    assert line["energy_j"] is None
    assert "neither" in line["null_reasons"]["energy_j"]


def test_a_counter_that_fails_for_a_while_leaves_a_null_not_a_smaller_number(
    tmp_path, short_windows
):
    gpu = FakeGpu()
    record = UsageRecord("a", {}, device=Device("cuda", ("0",), "claim"), gpus=FakeGpus(gpu))
    with record.phase("warmup"):
        gpu.joules += 5
        gpu.missing = {"energy_j"}
    with record.phase("steady"):
        gpu.joules += 5
        gpu.missing = set()
    with record.phase("teardown"):
        gpu.joules += 5
    warmup, during, after, _ = lines_of(record, tmp_path / "u.jsonl")
    assert warmup["energy_j"] is None
    assert during["energy_j"] is None
    assert after["energy_j"] == 5


def test_a_counter_that_goes_back_is_no_energy(tmp_path, short_windows):
    gpu = FakeGpu()
    line = steady(tmp_path / "u.jsonl", gpu, during=lambda: setattr(gpu, "joules", 1.0))
    assert line["energy_j"] is None
    assert "went back" in line["null_reasons"]["energy_j"]


def test_in_a_container_the_processes_cannot_be_told_apart_and_it_is_said(tmp_path, short_windows):
    line = steady(tmp_path / "u.jsonl", FakeGpu(on_it={2**30: GIB}))
    assert line["vram_process_peak_bytes"] is None
    assert "container" in line["null_reasons"]["other_processes"]


def test_memory_that_the_driver_does_not_say_is_null_and_others_are_still_seen(
    tmp_path, short_windows
):
    line = steady(tmp_path / "u.jsonl", FakeGpu(on_it={os.getpid(): None, os.getppid(): 5}))
    assert line["vram_process_peak_bytes"] is None
    assert line["other_processes"] == 1


def test_a_95th_percentile_needs_as_many_samples_as_everywhere_here(tmp_path, short_windows):
    assert minimum_n(95) == gpu_fields.FEWEST_FOR_P95
    gpu = FakeGpu(used=0.4)
    few = steady(tmp_path / "u.jsonl", gpu, looks=10)
    assert few["gpu_util_p95"] is None
    assert "11 samples" in few["null_reasons"]["gpu_util_p95"]
    enough = steady(tmp_path / "u.jsonl", gpu, looks=gpu_fields.FEWEST_FOR_P95)
    assert enough["gpu_util_p95"] == 0.4


def test_power_caps_that_differ_are_no_single_number(tmp_path, short_windows):
    line = steady(tmp_path / "u.jsonl", FakeGpu(0), FakeGpu(1, cap_w=450.0), held=("0", "1"))
    assert line["gpu_power_cap_w"] is None
    assert line["null_reasons"]["gpu_power_cap_w"] == "the devices differ: 300 W, 450 W"


def test_the_library_is_let_go_with_the_record():
    gpus = FakeGpus(FakeGpu())
    record = UsageRecord("a", {}, device=Device("cuda", ("0",), "claim"), gpus=gpus)
    del record
    gc.collect()
    assert gpus.closed
