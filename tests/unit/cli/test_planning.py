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
import os, pathlib, sys, time
share = os.environ["MYTHMETER_SHARE"].split("/")[0]
pathlib.Path(share).touch()
started = time.monotonic()
while not all(pathlib.Path(other).exists() for other in "12"):
    assert time.monotonic() < started + 60, "the other never ran at the same time"
    time.sleep(0.01)
print("Job stats of", share)
print("total     ", 10 * int(share))
print("total     ", 10 * int(share))
"""
FAILS = """
import os, sys
share = os.environ["MYTHMETER_SHARE"]
print("said by", share)
sys.exit(3 if share == "2/3" else 0)
"""
STAYS = "import os, pathlib, time; pathlib.Path(f'{os.getpid()}.up').touch(); time.sleep(60)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


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
    assert plan_batches(python(MEETS), 3, os.environ, at_once=2) == 0
    said = capfdbinary.readouterr().out.decode()
    assert said.index("stats of 1") < said.index("stats of 2") < said.index("stats of 3")
    assert "3 batches: 60 jobs" in said


def test_what_fails_is_the_last_that_is_said_and_its_code_is_kept(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert plan_batches(python(FAILS), 3, os.environ, at_once=1) == 3
    said = capfdbinary.readouterr().out.decode()
    assert said.splitlines() == ["said by 1/3", "said by 2/3"]


def test_a_request_to_end_leaves_no_dry_run_behind(tmp_path: Path) -> None:
    starter = (
        "import os, sys\n"
        "from mythmeter.cli.planning import plan_batches\n"
        f"sys.exit(plan_batches([sys.executable, '-c', {STAYS!r}], 4, os.environ, at_once=2))\n"
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
    planned: list[tuple[list[str], int]] = []
    monkeypatch.setattr(
        command,
        "plan_batches",
        lambda call, batches, environment: planned.append((call[3:], batches)) or 0,
    )
    monkeypatch.setattr(command, "_wait_for", lambda *_: pytest.fail("something was run"))
    assert main(["run", "--batches", "3", "--", "--cores", "1", "--dry-run"]) == 0
    assert planned == [(["--cores", "1", "--dry-run", "--", "renders"], 3)]
