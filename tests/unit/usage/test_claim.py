import itertools
import multiprocessing
import os
import time

import pytest

from mythmeter.errors import DeviceError
from mythmeter.usage.claim import claim, resolve_device


@pytest.fixture(autouse=True)
def two_fake_gpus(monkeypatch):
    monkeypatch.setenv("MYTHMETER_FAKE_GPUS", "2")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def hold(folder, seconds, queue):
    with claim(1, "cuda", folder) as device:
        start = time.monotonic()
        time.sleep(seconds)
        queue.put((device.indices[0], start, time.monotonic()))


def run_side_by_side(folder, jobs, seconds=0.3):
    queue = multiprocessing.Queue()
    processes = [
        multiprocessing.Process(target=hold, args=(folder, seconds, queue)) for _ in range(jobs)
    ]
    for process in processes:
        process.start()
    spans = [queue.get(timeout=30) for _ in processes]
    for process in processes:
        process.join()
    return spans


def test_two_jobs_get_two_devices(tmp_path):
    assert {index for index, _, _ in run_side_by_side(tmp_path, 2)} == {"0", "1"}


def test_jobs_on_one_device_never_overlap(tmp_path):
    spans = run_side_by_side(tmp_path, 4)
    for index in ("0", "1"):
        own = sorted((start, end) for i, start, end in spans if i == index)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(own))


def test_a_device_is_free_again_when_its_holder_is_killed(tmp_path):
    queue = multiprocessing.Queue()
    holders = [multiprocessing.Process(target=hold, args=(tmp_path, 60, queue)) for _ in range(2)]
    for holder in holders:
        holder.start()
    while len(list(tmp_path.glob("*.lock"))) < 2:
        time.sleep(0.02)
    time.sleep(0.2)
    holders[0].kill()
    holders[0].join()
    with claim(1, "cuda", tmp_path) as device:
        assert device.indices[0] in {"0", "1"}
    holders[1].kill()
    holders[1].join()


def test_the_choice_of_a_scheduler_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with claim(1, "cuda", tmp_path) as device:
        assert device.indices == ("1",)
        assert device.chosen_by == "scheduler"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"


def test_a_job_on_the_cpu_sees_no_gpu(tmp_path, monkeypatch):
    with claim(1, "cpu", tmp_path) as device:
        assert device.kind == "cpu"
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ""


def test_more_devices_than_there_are_is_an_error_with_both_numbers(tmp_path):
    with (
        pytest.raises(DeviceError, match=r"needs 3 GPUs and this machine has 2"),
        claim(3, "cuda", tmp_path),
    ):
        pass


def test_cuda_without_a_gpu_stops_and_auto_takes_the_cpu(monkeypatch):
    monkeypatch.setattr("mythmeter.usage.claim.gpu_indices", lambda: ())
    assert resolve_device("auto") == "cpu"
    with pytest.raises(DeviceError, match="no NVIDIA GPU is visible"):
        resolve_device("cuda")


def test_auto_takes_a_gpu_that_is_there():
    assert resolve_device("auto") == "cuda"
    assert resolve_device("cpu") == "cpu"
