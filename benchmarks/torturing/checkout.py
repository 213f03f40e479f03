"""A scratch checkout with a tiny project in it: its own code, lock, provenance and results."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from mythmeter.models.catalogue import load_catalogue
from mythmeter.models.fetch import fetch
from mythmeter.people.enrol import ASSETS, take_likeness
from mythmeter.people.footage import new_licence
from mythmeter.people.keys import make_key
from mythmeter.people.likeness import describe, write_likeness
from mythmeter.people.record import Scope, likeness_path, new_record, write_record
from mythmeter.people.signature import signed

REPOSITORY = Path(__file__).parents[2]
MEDIA = REPOSITORY.parent / "shared" / "media"
SCRIPT = "We walked a long way home."
WORKFLOW = ("Snakefile", "rules", "scripts", "config", "envs", "reports", "profiles", "src")


@dataclass
class Checkout:
    """A copy of the workflow, and the means to run it as a user would."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

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
        """The command of a run: two cores, one GPU counted, each job tried four times."""
        return [
            *(sys.executable, "-m", "snakemake", "--cores", "2", "--resources", "gpu=1"),
            *("--keep-going", "--retries", "3", "--configfile", "project/config.yaml"),
            *arguments,
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
    project = folder / "project"
    _write_project(project, media)
    checkout = Checkout.at(folder)
    command = [sys.executable, "-m", "mythmeter.cli", "keys", "init"]
    environment = {**os.environ, **checkout.environment}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return checkout


def _write_project(project: Path, media: Path) -> None:
    clips = {"a": media / "grid_id2_vcd_swwp2s.mpg", "b": media / "grid_pwij3p.mpg"}
    named = {f"speaker2.{name}": path for name, path in clips.items()}
    footage = media / "grid_bbaf2n.mpg"
    (project / "people").mkdir(parents=True)
    record = project / "people" / "speaker2.consent.json"
    likeness = take_likeness(named, named, _models())
    write_likeness(likeness, likeness_path(record))
    weights = {name: asset.sha256 for name, asset in _catalogue().items() if name in ASSETS}
    key = make_key(project / "key")
    consent = new_record(
        "corpus-evaluation",
        "speaker2",
        named,
        scope=Scope(face=True, voice=True, languages=("en",), minutes=1, distribution="none"),
        issued=datetime(2026, 1, 1, tzinfo=UTC),
        corpus={
            "name": "GRID audiovisual sentence corpus",
            "licence": "CC BY 4.0",
            "citation": "Cooke, Barker, Cunningham and Shao, 2006",
        },
        likeness=describe(likeness, likeness_path(record), weights),
    )
    write_record(signed(consent, key), record)
    person = {
        "name": "speaker2",
        "kind": "corpus",
        "consent": "people/speaker2.consent.json",
        "consent_key": key.id,
        "clips": {
            name: {"path": str(path), "shows": ["face", "voice"], "licence": "CC BY 4.0"}
            for name, path in clips.items()
        },
    }
    (project / "people" / "speaker2.yaml").write_text(yaml.safe_dump(person))
    licence = new_licence(
        "speaker1", footage, licence="CC BY 4.0", source="GRID", recorded=datetime.now(UTC)
    )
    write_record(licence, project / "speaker1.json")
    _write_sheet(project)
    shutil.copy(REPOSITORY / "config" / "prices.csv", project / "prices.csv")
    config = {
        "paths": {"results": "results", "reports": "reports"},
        "renders": "renders.tsv",
        "people": "people",
        "prices": "prices.csv",
        "device": "cpu",
        "voice": {"fit_steps": 1, "takes": 1},
        "footage": {
            "speaker1": {
                "path": str(footage),
                "licence": "CC BY 4.0",
                "source": "GRID",
                "record": "speaker1.json",
            }
        },
    }
    (project / "config.yaml").write_text(yaml.safe_dump(config))


def _write_sheet(project: Path) -> None:
    header = (REPOSITORY / "config" / "renders.tsv").read_text().splitlines()[0].split("\t")
    row = {
        "name": "walk",
        "person": "speaker2",
        "target": "speaker1",
        "script": SCRIPT,
        "language": "en",
        "fit": "ping-pong",
    }
    cells = [row.get(column, "") for column in header]
    (project / "renders.tsv").write_text("\t".join(header) + "\n" + "\t".join(cells) + "\n")


def _catalogue() -> dict[str, object]:
    return load_catalogue(REPOSITORY / "config" / "models.yaml")


def _models() -> dict[str, Path]:
    catalogue = _catalogue()
    paths = {name: REPOSITORY / "resources" / "models" / catalogue[name].file for name in ASSETS}
    for name, path in paths.items():
        if not path.is_file():
            fetch(catalogue[name], path)
    return paths
