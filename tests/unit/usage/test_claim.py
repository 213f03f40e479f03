import itertools
import json
import multiprocessing
import os
import shutil
import time
from pathlib import Path

import pytest

from mythmeter.errors import DeviceError
from mythmeter.usage.claim import claim, resolve_device
from mythmeter.usage.ledger import Ledger, Promise
from mythmeter.usage.locks import lock_folder


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


def share(folder, seconds, vram_mb, queue):
    with claim(1, "cuda", folder, packed_mb=vram_mb) as device:
        start = time.monotonic()
        queue.put((device.indices[0], start, None))
        time.sleep(seconds)
        queue.put((device.indices[0], start, time.monotonic()))


@pytest.fixture
def one_gpu(monkeypatch):
    """One device of 24,000 MB."""
    monkeypatch.setenv("MYTHMETER_FAKE_GPUS", "1")
    monkeypatch.setenv("MYTHMETER_FAKE_VRAM_MB", "24000")


def start_sharing(folder, seconds, vram_mb):
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=share, args=(folder, seconds, vram_mb, queue))
    process.start()
    return process, queue


def test_jobs_share_a_device_as_long_as_their_memory_fits(tmp_path, one_gpu):
    jobs = [start_sharing(tmp_path, 0.6, 10_000) for _ in range(3)]
    spans = []
    for process, queue in jobs:
        queue.get(timeout=30)
        spans.append(queue.get(timeout=30)[1:])
        process.join()
    together = [sum(a <= start < b for a, b in spans) for start, _ in spans]
    assert max(together) == 2


def test_a_job_that_needs_the_whole_device_waits_for_those_that_share_it(tmp_path, one_gpu):
    sharer, queue = start_sharing(tmp_path, 0.4, 1_000)
    queue.get(timeout=30)
    with claim(1, "cuda", tmp_path):
        begun = time.monotonic()
    assert queue.get(timeout=30)[2] <= begun
    sharer.join()


def test_the_memory_of_a_killed_job_is_free_again(tmp_path, one_gpu):
    sharer, queue = start_sharing(tmp_path, 60, 20_000)
    queue.get(timeout=30)
    sharer.kill()
    sharer.join()
    assert json.loads((tmp_path / "gpu-0.ledger.json").read_text())
    with claim(1, "cuda", tmp_path, packed_mb=20_000) as device:
        assert device.indices == ("0",)


def test_an_entry_of_a_process_id_that_was_given_out_again_is_dropped(tmp_path, one_gpu):
    old = {"pid": os.getpid(), "started": 1.0, "vram_mb": 24_000}
    (tmp_path / "gpu-0.ledger.json").write_text(json.dumps([old]))
    assert not Promise(**old).holds()
    with claim(1, "cuda", tmp_path, packed_mb=24_000):
        (promise,) = Ledger("0", tmp_path).standing()
        assert promise.pid == os.getpid()
    assert Ledger("0", tmp_path).standing() == []


def test_more_memory_than_any_device_has_is_an_error_with_both_numbers(tmp_path, one_gpu):
    with (
        pytest.raises(DeviceError, match=r"needs 30000 MB .* largest GPU here has 24000 MB"),
        claim(1, "cuda", tmp_path, packed_mb=30_000),
    ):
        pass


@pytest.mark.parametrize("damage", ["", "[{", '[{"pid": 3}]', '{"pid": 3}'])
def test_a_damaged_ledger_starts_afresh_only_when_nobody_uses_the_device(tmp_path, one_gpu, damage):
    sharer, queue = start_sharing(tmp_path, 0.4, 1_000)
    queue.get(timeout=30)
    (tmp_path / "gpu-0.ledger.json").write_text(damage)
    assert Ledger("0", tmp_path).promise(1_000, 24_000) is False
    with claim(1, "cuda", tmp_path, packed_mb=1_000):
        begun = time.monotonic()
    assert queue.get(timeout=30)[2] <= begun
    sharer.join()


def test_what_a_lock_file_contains_does_not_matter(tmp_path):
    (tmp_path / "gpu-0.lock").write_bytes(b"\x00garbage\xff")
    with claim(1, "cuda", tmp_path) as device:
        assert device.indices == ("0",)


def test_a_lock_that_is_no_file_is_named(tmp_path):
    (tmp_path / "gpu-0.lock").mkdir()
    with (
        pytest.raises(DeviceError, match=r"gpu-0\.lock cannot be opened"),
        claim(1, "cuda", tmp_path),
    ):
        pass


def test_a_lock_folder_that_cannot_be_made_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with (
        pytest.raises(DeviceError, match=r"folder of the GPU locks.*MYTHMETER_LOCKS"),
        claim(1, "cuda", blocked / "locks"),
    ):
        pass


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(DeviceError, match="belongs to another user"):
        lock_folder(tmp_path)


def test_a_folder_deleted_under_a_running_job_puts_nobody_else_on_its_device(tmp_path, one_gpu):
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc to see the open files of other processes")
    folder = tmp_path / "locks"
    queue = multiprocessing.Queue()
    holder = multiprocessing.Process(target=hold, args=(folder, 0.8, queue))
    holder.start()
    while not (folder / "gpu-0.lock").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    shutil.rmtree(folder)
    with claim(1, "cuda", folder):
        begun = time.monotonic()
    assert queue.get(timeout=30)[2] <= begun
    holder.join()
