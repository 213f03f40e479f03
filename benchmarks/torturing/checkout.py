"""A scratch checkout with a tiny project in it: its own code, lock, provenance and results."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from torturing.grid_project import MEDIA, REPOSITORY, write_grid_project

SCRIPT = "We walked a long way home."
WORKFLOW = ("Snakefile", "rules", "scripts", "config", "envs", "reports", "profiles", "src")


@dataclass
class Checkout:
    """A copy of the workflow, and the means to run it as a user would."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    cores: int = 2

    @classmethod
    def at(cls, folder: Path) -> "Checkout":
        """The checkout in a folder, with a certificate and a copy of the package of its own.

        So nothing depends on the user's home folder, and an edit of the repository's code while
        runs are under way changes nothing.
        """
        places = {"XDG_CONFIG_HOME": "home", "TMPDIR": "", "PYTHONPATH": "src"}
        return cls(folder, {name: str(folder / path) for name, path in places.items()})

    @property
    def project(self) -> Path:
        """Folder of the project inside the checkout."""
        return self.folder / "project"

    @property
    def results(self) -> Path:
        """Where the run writes."""
        return self.project / "results"

    def command(self, *arguments: str) -> list[str]:
        """The command of a run, with one GPU counted."""
        return [
            *(sys.executable, "-m", "snakemake", "--cores", str(self.cores)),
            *("--resources", "gpu=1"),
            *("--configfile", "project/config.yaml", *arguments),
        ]

    def start(self, log: Path, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a run in a process group of its own; output goes to `log`."""
        # As in the Makefile: without cached bytecode every process would compile its imports again.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        with log.open("ab") as file:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env={**inherited, **self.environment},
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def unlock(self) -> None:
        """What `snakemake --unlock` does, without planning a run first."""
        for lock in (self.folder / ".snakemake" / "locks").glob("*"):
            lock.unlink()

    def run(self, log: Path, *arguments: str) -> int:
        """Run to the end; the exit status."""
        return self.start(log, *arguments).wait()


def make_checkout(folder: Path, media: Path = MEDIA) -> Checkout:
    """Copy the workflow to `folder`, with one GRID speaker to put on another for two seconds.

    Raises:
        FileNotFoundError: the shared media does not lie beside the repository.
    """
    for name in WORKFLOW:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    resources = REPOSITORY / "resources"
    resources.mkdir(exist_ok=True)
    (folder / "resources").symlink_to(resources)
    config = {"voice": {"fit_steps": 1, "takes": 1}}
    write_grid_project(folder / "project", {"walk": SCRIPT}, config, media)
    checkout = Checkout.at(folder)
    command = [sys.executable, "-m", "mythmeter.cli", "keys", "init"]
    environment = {**os.environ, **checkout.environment}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return checkout
