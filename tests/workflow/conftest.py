"""One real, tiny run, shared by all tests of the workflow."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from torturing.grid_project import MEDIA, REPOSITORY, write_config, write_grid_project

from mythmeter.people.keys import generator_folder

SCRIPT = "The weather was mild, so we walked a long way home and talked about the sea."
TINY = {"voice": {"fit_steps": 2}, "render": {"comparison": True}}


@dataclass
class Example:
    """A project folder and the means to run it."""

    folder: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake from the repository on this project; the lock is left to real runs."""
        command = [
            *(sys.executable, "-m", "snakemake", "--cores", "all", "--resources", "gpu=1"),
            *("--nolock", "--configfile", str(self.config), *arguments),
        ]
        return subprocess.run(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
        )

    def planned(self, *arguments: str) -> set[str]:
        """Rules that a dry run would run."""
        done = self.snakemake("--dry-run", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        text = done.stdout + done.stderr
        if "Nothing to be done" in text:
            return set()
        block = re.search(r"^job +count\n[- ]+\n(.*?)^total", text, re.MULTILINE | re.DOTALL)
        assert block is not None, text
        return {line.split()[0] for line in block.group(1).splitlines()} - {"all"}

    def change(self, **values: object) -> None:
        """Set dotted keys of the project's config, `render__crf=23`."""
        config = yaml.safe_load(self.config.read_text())
        for key, value in values.items():
            *parents, last = key.split("__")
            entry = config
            for parent in parents:
                entry = entry.setdefault(parent, {})
            entry[last] = value
        self.config.write_text(yaml.safe_dump(config))


def grid_project(folder: Path, media: Path = MEDIA) -> Example:
    """One GRID speaker's two clips as the person, another speaker as the target."""
    write_grid_project(folder, {"walk": SCRIPT}, TINY, media)
    return Example(folder, "walk")


def built_in_project(folder: Path) -> Example:
    """The built-in example, with its results apart: where there is no shared media."""
    folder.mkdir(parents=True)
    for name in ("renders.tsv", "people"):
        source = REPOSITORY / "config" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    for path in (folder / "people").glob("*.yaml"):
        text = path.read_text().replace("resources/", f"{REPOSITORY}/resources/")
        path.write_text(text)
    write_config(folder, TINY)
    return Example(folder, "demo")


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """A finished run: real people where the shared media lies, the built-in example elsewhere."""
    root = tmp_path_factory.mktemp("run")
    project = (grid_project if MEDIA.is_dir() else built_in_project)(root / "project")
    # A certificate of the test's own, so that nothing depends on the user's home folder.
    project.environment["XDG_CONFIG_HOME"] = str(root / "home")
    if generator_folder().is_dir():
        # The one key that the built-in example's record, shared by all runs here, is signed with.
        shutil.copytree(generator_folder(), root / "home" / "mythmeter" / "generator")
    keys = subprocess.run(
        [sys.executable, "-m", "mythmeter.cli", "keys", "init"],
        env={**os.environ, **project.environment},
        capture_output=True,
        text=True,
    )
    assert keys.returncode == 0, keys.stderr
    done = project.snakemake()
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    return project


@pytest.fixture
def variant(example: Example, tmp_path: Path) -> Example:
    """The finished run again, restored afterwards, for a test that changes its inputs."""
    kept = {
        path: path.read_bytes()
        for path in [*example.folder.glob("*.*"), *example.folder.glob("people/*")]
        if path.is_file()
    }
    times = {path: path.stat().st_mtime_ns for path in kept}
    environment = dict(example.environment)
    yield example
    example.environment = environment
    for path, content in kept.items():
        path.write_bytes(content)
        os.utime(path, ns=(times[path], times[path]))


@pytest.fixture(scope="session")
def quality(example: Example) -> dict[str, dict[str, object]]:
    path = example.results / "quality" / f"{example.name}.json"
    return json.loads(path.read_text())["metrics"]
