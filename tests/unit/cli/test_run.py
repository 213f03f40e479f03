"""`mythmeter run`: what Snakemake is told."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mythmeter.cli import main
from mythmeter.cli import run as command

CONFIG = "paths: {results: results, reports: reports}\n"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[list[str]]]:
    """What was started, and nothing is; the working directory is empty."""
    monkeypatch.chdir(tmp_path)
    started: list[list[str]] = []
    monkeypatch.setattr(
        command, "_wait_for", lambda words, environment: started.append(list(words[3:])) or 0
    )
    yield started


def config(folder: Path, text: str = CONFIG, name: str = "config.yaml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_plain_run_is_one_call_of_snakemake(calls: list[list[str]], tmp_path: Path) -> None:
    file = config(tmp_path)
    assert main(["run", "--configfile", file]) == 0
    assert calls == [["--configfile", file, "--cores", "all", "--resources", "gpu=1"]]


def test_options_after_two_dashes_are_snakemakes(calls: list[list[str]]) -> None:
    assert main(["run", "--", "--cores", "4", "--dry-run"]) == 0
    assert calls == [["--cores", "4", "--dry-run"]]


def test_a_long_sheet_is_planned_batch_by_batch_and_the_report_alone(
    calls: list[list[str]], tmp_path: Path
) -> None:
    file = config(tmp_path)
    assert main(["run", "--batches", "3", "--configfile", file, "--", "--cores", "2"]) == 0
    *batches, report = calls
    assert [call[-4:] for call in batches] == [
        ["--batch", f"renders={number}/3", "--", "renders"] for number in (1, 2, 3)
    ]
    assert report[-2:] == ["--", "all"]
    assert set(command.REPORTING) <= set(report)


def test_a_batch_that_fails_ends_the_run_with_its_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    codes = iter([0, 3])
    monkeypatch.setattr(command, "_wait_for", lambda words, environment: next(codes))
    with pytest.raises(SystemExit) as stopped:
        main(["run", "--batches", "5"])
    assert stopped.value.code == 3


def test_one_key_puts_every_file_into_a_bucket(
    calls: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".executors" / "cloud").mkdir(parents=True)
    first = config(tmp_path, "paths: {bucket: s3://mine/run}\n", "first.yaml")
    assert main(["run", "--configfile", first]) == 0
    assert calls[0][2:6] == [
        *("--default-storage-provider", "s3"),
        *("--default-storage-prefix", "s3://mine/run"),
    ]
    calls.clear()
    last = config(tmp_path, "paths: {bucket: null}\n", "last.yaml")
    assert main(["run", "--configfile", first, last]) == 0
    assert "--default-storage-prefix" not in calls[0]


def test_a_bucket_without_the_plugin_is_refused_by_name(
    calls: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = config(tmp_path, "paths: {bucket: s3://mine/run}\n")
    assert main(["run", "--configfile", file]) == 1
    assert "make setup-executors" in capsys.readouterr().err
    assert calls == []


def test_rules_that_are_left_for_the_report_are_those_that_the_workflow_has(
    repository: Path,
) -> None:
    written = (repository / "rules" / "profile.smk").read_text()
    there = set(re.findall(r"^rule (\w+):", written, re.MULTILINE))
    assert set(command.REPORTING) == there | {"all", "score_detector"}


def test_a_request_to_end_reaches_snakemake(tmp_path: Path) -> None:
    """A spot instance gets two minutes: the child must hear of it, and end itself."""
    child = (
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "pathlib.Path('up').touch()\n"
        "time.sleep(60)\n"
    )
    starter = (
        "import os, sys\n"
        "from mythmeter.cli.run import _wait_for\n"
        f"sys.exit(_wait_for([sys.executable, '-c', {child!r}], os.environ))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", starter], cwd=tmp_path)
    while not (tmp_path / "up").exists() and parent.poll() is None:
        time.sleep(0.05)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(timeout=60) == 7
