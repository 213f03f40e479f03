"""Dry runs of batches, side by side."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mythmeter.cli import main
from mythmeter.cli import run as command
from mythmeter.cli.planning import plan_batches, plans_only

MEETS = """
import pathlib, sys, time
pathlib.Path(sys.argv[1]).touch()
started = time.monotonic()
while not pathlib.Path(sys.argv[2]).exists():
    assert time.monotonic() < started + 60, "the other never ran at the same time"
    time.sleep(0.01)
print("Job stats of", sys.argv[1])
print("total     ", sys.argv[3])
"""


def says(text: str, code: int = 0) -> list[str]:
    return [sys.executable, "-c", f"import sys; print({text!r}); sys.exit({code})"]


@pytest.mark.parametrize("options", [["-n"], ["--cores", "2", "--dry-run"], ["-np"], ["--dryrun"]])
def test_a_dry_run_is_known_by_its_options(options: list[str]) -> None:
    assert plans_only(options)


@pytest.mark.parametrize("options", [[], ["--cores", "2"], ["--nolock"], ["--notemp", "-p"]])
def test_other_options_are_no_dry_run(options: list[str]) -> None:
    assert not plans_only(options)


def test_batches_are_planned_at_the_same_time_and_said_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    calls = [
        [sys.executable, "-c", MEETS, "a", "b", "12"],
        [sys.executable, "-c", MEETS, "b", "a", "30"],
        says("total 8"),
    ]
    assert plan_batches(calls, os.environ, at_once=2) == 0
    said = capfdbinary.readouterr().out.decode()
    assert said.index("stats of a") < said.index("stats of b") < said.index("total 8")
    assert "3 batches: 50 jobs" in said


def test_what_fails_is_the_last_that_is_said_and_its_code_is_kept(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    calls = [says("fine"), says("ConfigError: no such key", 3), says("never read")]
    assert plan_batches(calls, os.environ, at_once=1) == 3
    said = capfdbinary.readouterr().out.decode()
    assert said.splitlines() == ["fine", "ConfigError: no such key"]


def test_a_request_to_end_leaves_no_dry_run_behind(tmp_path: Path) -> None:
    child = "import os, pathlib, time; pathlib.Path(f'{os.getpid()}.up').touch(); time.sleep(60)"
    starter = (
        "import os, sys\n"
        "from mythmeter.cli.planning import plan_batches\n"
        f"calls = [[sys.executable, '-c', {child!r}]] * 4\n"
        "sys.exit(plan_batches(calls, os.environ, at_once=2))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", starter], cwd=tmp_path)
    while len(list(tmp_path.glob("*.up"))) < 2 and parent.poll() is None:
        time.sleep(0.05)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(timeout=60) == 128 + signal.SIGTERM
    started = [int(path.stem) for path in tmp_path.glob("*.up")]
    assert len(started) == 2
    assert not any(Path(f"/proc/{number}").exists() for number in started)


def test_a_dry_run_in_batches_plans_the_renders_and_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    planned: list[list[str]] = []
    monkeypatch.setattr(
        command, "plan_batches", lambda calls, environment: planned.extend(calls) or 0
    )
    monkeypatch.setattr(command, "_wait_for", lambda *_: pytest.fail("something was run"))
    assert main(["run", "--batches", "3", "--", "--cores", "1", "--dry-run"]) == 0
    assert [call[-3] for call in planned] == ["renders=1/3", "renders=2/3", "renders=3/3"]
