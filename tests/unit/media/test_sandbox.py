"""A child that crashes, hangs or takes too much ends in one message, and takes its own with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mythmeter.errors import MediaError
from mythmeter.media.limits import Limits, limits_of_conversion, limits_of_scan, limits_of_sound
from mythmeter.media.sandbox import call_apart, run_limited

CLIP = Path("clip.mp4")
SLEEPER = "import subprocess; subprocess.Popen(['sleep', '600'])"


def limits(**changes: float) -> Limits:
    usual = {"time_s": 60.0, "memory_mb": 1000, "file_mb": 10, "raised_by": "`the key`"}
    return Limits(**{**usual, **changes})  # type: ignore[arg-type]


def run(code: str, **changes: float) -> list[str]:
    return run_limited([sys.executable, "-c", code], CLIP, limits(**changes)).log


def sleepers() -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "600"]]


@pytest.mark.parametrize(
    ("code", "changes", "message"),
    [
        ("import os; os.abort()", {}, "crashed its decoder (SIGABRT)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", {}, "ran out of memory"),
        ("while True: pass", {"time_s": 0.5}, "not decoded within 0 s"),
        ("import os, time; os.close(1); os.close(2); time.sleep(60)", {"time_s": 0.5}, "within"),
        ("open('big', 'wb').write(bytes(2 * 10**6))", {"file_mb": 1}, "grew beyond 1 MB"),
    ],
)
def test_each_way_to_end_badly_is_one_message(
    code: str, changes: dict[str, float], message: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Python itself would turn the signal of a file too large into an error.
    code = f"import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n{code}"
    with pytest.raises(MediaError) as caught:
        run(code, **changes)
    said = str(caught.value)
    assert said.startswith("clip.mp4: ") and message in said and "\n" not in said
    assert not list(tmp_path.glob("core*"))


def test_memory_is_limited_and_the_message_says_how_to_get_more() -> None:
    with pytest.raises(MediaError, match=r"more than 500 MB of memory .* raise `the key`"):
        call_apart("numpy:zeros", {"shape": 10**9}, source=CLIP, limits=limits(memory_mb=500))


def test_what_a_child_started_dies_with_it() -> None:
    before = len(sleepers())
    run(SLEEPER + "; print('started')")
    with pytest.raises(MediaError, match="not decoded within"):
        run(SLEEPER + "; import time; time.sleep(60)", time_s=1.0)
    assert len(sleepers()) == before


def test_a_child_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from mythmeter.media.sandbox import run_limited\n"
        'code = \'import os, time; print(os.getpid(), file=open("pid", "w"), flush=True);\'\n'
        "run_limited([sys.executable, '-c', code + 'time.sleep(600)'], Path('clip.mp4'))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text().strip()):
        assert parent.poll() is None
        time.sleep(0.05)
    child = psutil.Process(int(pid.read_text()))
    parent.kill()
    parent.wait()
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_an_endless_log_is_kept_in_part() -> None:
    code = "import sys\nfor n in range(50000): print(n, file=sys.stderr)"
    log = run(code)
    assert len(log) == 20_000 and log[0] == "0" and log[-1] == "49999"


def test_the_seconds_of_children_are_counted() -> None:
    before = os.times().children_user
    run("sum(range(3_000_000))")
    assert os.times().children_user > before


def test_an_error_of_the_package_keeps_its_type_and_a_bug_its_traceback(tmp_path: Path) -> None:
    scan = "mythmeter.media.scan:scan_clip"
    with pytest.raises(MediaError, match="cannot be read as a video"):
        call_apart(scan, {"path": str(tmp_path / "no.mp4")}, source=CLIP, limits=limits())
    with pytest.raises(RuntimeError, match="TypeError"):
        call_apart(scan, {"nonsense": 1}, source=CLIP, limits=limits())


def test_limits_grow_with_the_file_and_the_factor() -> None:
    small, hours = limits_of_scan(10**6), limits_of_scan(60 * 10**9)
    assert small.time_s < 61 and hours.time_s > 3 * 3600
    px = 3840 * 2160
    film = limits_of_conversion(frames=324_000, source_px=px, clip_px=px // 4, threads=2)
    clip = limits_of_conversion(frames=500, source_px=px // 36, clip_px=px // 36, threads=2)
    assert film.time_s > 24 * 3600 > 600 > clip.time_s
    assert 4000 > film.memory_mb > clip.memory_mb > 800
    once = limits_of_sound(size_bytes=10, sound_s=60, rate_hz=16000, factor=1)
    twice = limits_of_sound(size_bytes=10, sound_s=60, rate_hz=16000, factor=2)
    assert (twice.time_s, twice.memory_mb) == (2 * once.time_s, 2 * once.memory_mb)
    assert "(now 2)" in twice.raised_by and once.file_mb > 1.92


def test_a_stopped_job_stops_its_child(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = len(sleepers())
    former = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_limited(["sleep", "600"], CLIP)
    finally:
        signal.signal(signal.SIGALRM, former)
    assert len(sleepers()) == before
