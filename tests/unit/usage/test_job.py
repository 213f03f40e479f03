import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mythmeter.atomic import replacing
from mythmeter.errors import FaceError
from mythmeter.usage.job import run_job


@pytest.fixture
def job(tmp_path):
    return SimpleNamespace(
        rule="track_faces",
        log=str(tmp_path / "logs" / "job.log"),
        wildcards={"clip": "langer"},
        threads=3,
        resources=SimpleNamespace(gpu=0),
        params=SimpleNamespace(),
        output=SimpleNamespace(usage=str(tmp_path / "usage" / "langer.jsonl")),
    )


def test_output_goes_to_the_log_and_the_record_is_written(job, tmp_path, capsys):
    with run_job(job) as record:
        print("tracked")
        with record.phase("steady", frames=4):
            pass
    assert (tmp_path / "logs" / "job.log").read_text() == "tracked\n"
    assert capsys.readouterr().out == ""
    first = json.loads((tmp_path / "usage" / "langer.jsonl").read_text().splitlines()[0])
    assert first["rule"] == "track_faces"
    assert first["work"] == {"frames": 4}


def test_thread_pools_follow_the_threads_of_the_rule(job, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    with run_job(job):
        assert os.environ["OMP_NUM_THREADS"] == "3"
        assert os.environ["OPENCV_FOR_THREADS_NUM"] == "3"


def test_a_users_error_is_one_message_without_a_traceback(job, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop, run_job(job):
        raise FaceError("no face in any of 75 frames")
    assert stop.value.code == 1
    said = capsys.readouterr().err
    assert "track_faces (clip=langer): no face in any of 75 frames" in said
    assert "Traceback" not in said + (tmp_path / "logs" / "job.log").read_text()
    assert not (tmp_path / "usage").exists()


def test_a_bug_keeps_its_traceback_in_the_log(job, tmp_path):
    with pytest.raises(ZeroDivisionError), run_job(job):
        1 / 0  # noqa: B018
    assert "ZeroDivisionError" in (tmp_path / "logs" / "job.log").read_text()


def test_a_job_that_was_granted_less_than_it_needs_says_both_numbers(job, capsys):
    job.params.device = "cuda"
    job.params.gpu_needed = 4
    job.resources.gpu = 1
    with pytest.raises(SystemExit), run_job(job):
        pass
    assert "needs 4 GPUs and was granted 1" in capsys.readouterr().err


def test_on_the_processor_no_job_lacks_a_gpu(job):
    job.params.device = "cpu"
    job.params.gpu_needed = 4
    with run_job(job) as record:
        assert record.device.kind == "cpu"


def test_auto_is_what_the_run_resolved_not_what_this_machine_has(job, monkeypatch):
    job.params.device = "auto"
    job.resources.gpu = 1
    monkeypatch.setenv("MYTHMETER_FAKE_GPUS", "1")
    monkeypatch.setenv("MYTHMETER_DEVICE", "cpu")
    with run_job(job) as record:
        assert record.device.kind == "cpu"
    monkeypatch.delenv("MYTHMETER_DEVICE")
    with run_job(job) as record:
        assert record.device.kind == "cuda"


def test_a_job_that_was_granted_a_gpu_and_finds_none_stops(job, monkeypatch, capsys):
    """A node of a cluster: it must not fall back on the processor."""
    job.params.device = "auto"
    job.resources.gpu = 1
    monkeypatch.setenv("MYTHMETER_DEVICE", "cuda")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("mythmeter.usage.claim.gpu_indices", lambda: ())
    with pytest.raises(SystemExit), run_job(job):
        pass
    assert "needs 1 GPUs and this machine has 0" in capsys.readouterr().err


def test_a_job_that_was_granted_less_gpu_memory_than_it_needs_says_both_numbers(
    job, capsys, monkeypatch
):
    monkeypatch.setenv("MYTHMETER_FAKE_GPUS", "1")
    job.params.device = "cuda"
    job.resources = SimpleNamespace(gpu=1, vram_mb=2000, vram_needed_mb=3000)
    with pytest.raises(SystemExit), run_job(job):
        pass
    said = capsys.readouterr().err
    assert "needs 3000 MB of GPU memory and was granted 2000 MB" in said
    assert "vram_mb=3000" in said


def test_on_the_cpu_gpu_memory_is_not_asked_for(job):
    job.resources = SimpleNamespace(gpu=1, vram_mb=2000, vram_needed_mb=3000)
    with run_job(job) as record:
        assert record.device.kind == "cpu"


def test_packing_is_off_until_the_configuration_asks_for_it(job, tmp_path, monkeypatch):
    monkeypatch.setenv("MYTHMETER_FAKE_GPUS", "1")
    monkeypatch.setenv("MYTHMETER_FAKE_VRAM_MB", "24000")
    monkeypatch.setenv("MYTHMETER_LOCKS", str(tmp_path / "locks"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    job.params.device = "cuda"
    job.resources = SimpleNamespace(gpu=1, vram_mb=2000)
    ledger = tmp_path / "locks" / "gpu-0.ledger.json"
    with run_job(job):
        assert not ledger.exists()
    job.config = {"gpu_packing": True}
    with run_job(job):
        assert json.loads(ledger.read_text())[0]["vram_mb"] == 2000
    assert json.loads(ledger.read_text()) == []


def test_a_job_out_of_memory_says_what_to_do_and_ends_with_its_own_exit_code(job, capsys):
    job.resources = SimpleNamespace(gpu=0, mem_mb=900)
    with pytest.raises(SystemExit) as stop, run_job(job):
        raise MemoryError
    assert stop.value.code == 12
    assert "out of memory (it had asked for mem_mb=900)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the disk is mounted read-only")],
)
def test_a_disk_that_takes_no_more_is_one_message(job, capsys, number, said):
    with pytest.raises(SystemExit) as stop, run_job(job):
        raise OSError(number, os.strerror(number), "results/clip.mp4")
    assert stop.value.code == 1
    message = capsys.readouterr().err
    assert f"{said} at results/clip.mp4" in message
    assert "Traceback" not in message


def test_notice_leaves_no_record_and_no_half_written_file(job, tmp_path):
    output = tmp_path / "clip.txt"
    with pytest.raises(SystemExit) as stop, run_job(job), replacing(output) as partial:
        partial.write_text("half")
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.value.code == 143
    assert not list(tmp_path.glob("*clip*"))
    assert not (tmp_path / "usage").exists()
    assert "run again to go on" in (tmp_path / "logs" / "job.log").read_text()


LIMITED = """
import resource, sys
from pathlib import Path
from pathlib import Path
from types import SimpleNamespace as N
from mythmeter.atomic import replacing
from mythmeter.usage.job import run_job
folder = Path(sys.argv[1])
job = N(rule="composite", log=str(folder / "job.log"), wildcards={}, threads=1)
job.resources, job.params, job.output = N(), N(), N(usage=str(folder / "usage.jsonl"))
with run_job(job):
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    with replacing(folder / "chunk.bin") as partial:
        partial.write_bytes(bytes(1_000_000))
"""


def test_a_real_file_that_does_not_fit_leaves_nothing_behind(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "composite: the file would be larger than this process may write" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["job.log"]


def test_a_log_that_no_longer_fits_takes_nothing_from_the_message(job, capsys):
    # Linux only: a file that opens and takes nothing.
    job.log = "/dev/full"
    with pytest.raises(SystemExit) as stop, run_job(job):
        print("what the job says")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "results/clip.mp4")
    assert stop.value.code == 1
    message = capsys.readouterr().err
    assert "the disk is full at results/clip.mp4" in message
    assert "Traceback" not in message


def test_a_log_that_cannot_be_made_is_one_message(job, capsys, monkeypatch):
    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SystemExit) as stop, run_job(job):
        pass
    assert stop.value.code == 1
    assert "the disk is mounted read-only at" in capsys.readouterr().err
