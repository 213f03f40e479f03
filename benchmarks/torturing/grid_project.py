"""A project of corpus speakers: one GRID speaker put on another, with consent, key and licence."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from mythmeter.models.catalogue import Asset, load_catalogue
from mythmeter.models.fetch import fetch
from mythmeter.people.enrol import ASSETS, take_likeness
from mythmeter.people.footage import new_licence
from mythmeter.people.keys import make_key
from mythmeter.people.likeness import describe, write_likeness
from mythmeter.people.record import Scope, likeness_path, new_record, write_record
from mythmeter.people.signature import signed

REPOSITORY = Path(__file__).parents[2]
MEDIA = REPOSITORY.parent / "shared" / "media"
CORPUS = {
    "name": "GRID audiovisual sentence corpus",
    "licence": "CC BY 4.0",
    "citation": "Cooke, Barker, Cunningham and Shao, 2006",
}


def write_grid_project(
    folder: Path,
    scripts: Mapping[str, str],
    config: Mapping[str, object],
    media: Path = MEDIA,
) -> None:
    """Write configuration, sheet, people and records; two clips are the person, one the footage.

    Args:
        folder: new folder of the project.
        scripts: render -> what is said in it.
        config: what the configuration holds besides.
        media: the shared clips.

    Raises:
        FileNotFoundError: the shared clips do not lie there.
    """
    _write_person(folder, media)
    footage = media / "grid_bbaf2n.mpg"
    licence = new_licence(
        "speaker1", footage, licence="CC BY 4.0", source="GRID", recorded=datetime.now(UTC)
    )
    write_record(licence, folder / "speaker1.json")
    common = {"person": "speaker2", "target": "speaker1", "language": "en", "fit": "ping-pong"}
    write_sheet(
        folder, [{"name": name, "script": said, **common} for name, said in scripts.items()]
    )
    target = {"path": str(footage), "licence": "CC BY 4.0", "source": "GRID"}
    target["record"] = "speaker1.json"
    write_config(folder, {"footage": {"speaker1": target}, **config})


def write_sheet(folder: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write `renders.tsv` with the columns of the repository's own."""
    header = (REPOSITORY / "config" / "renders.tsv").read_text().splitlines()[0].split("\t")
    lines = [header, *([row.get(column, "") for column in header] for row in rows)]
    (folder / "renders.tsv").write_text("".join("\t".join(line) + "\n" for line in lines))


def write_config(folder: Path, more: Mapping[str, object]) -> None:
    """Write `config.yaml` with everything inside the folder, and the prices beside it."""
    shutil.copy(REPOSITORY / "config" / "prices.csv", folder / "prices.csv")
    config = {
        "paths": {"results": "results", "reports": "reports"},
        "renders": "renders.tsv",
        "people": "people",
        "prices": "prices.csv",
        "device": "cpu",
        **more,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def _write_person(folder: Path, media: Path) -> None:
    clips = {"a": media / "grid_id2_vcd_swwp2s.mpg", "b": media / "grid_pwij3p.mpg"}
    named = {f"speaker2.{name}": path for name, path in clips.items()}
    (folder / "people").mkdir(parents=True)
    record = folder / "people" / "speaker2.consent.json"
    likeness = take_likeness(named, named, _models())
    write_likeness(likeness, likeness_path(record))
    weights = {name: asset.sha256 for name, asset in _catalogue().items() if name in ASSETS}
    key = make_key(folder / "key")
    consent = new_record(
        "corpus-evaluation",
        "speaker2",
        named,
        scope=Scope(face=True, voice=True, languages=("en",), minutes=1, distribution="none"),
        issued=datetime(2026, 1, 1, tzinfo=UTC),
        corpus=CORPUS,
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
    (folder / "people" / "speaker2.yaml").write_text(yaml.safe_dump(person))


def _catalogue() -> Mapping[str, Asset]:
    return load_catalogue(REPOSITORY / "config" / "models.yaml")


def _models() -> dict[str, Path]:
    catalogue = _catalogue()
    paths = {name: REPOSITORY / "resources" / "models" / catalogue[name].file for name in ASSETS}
    for name, path in paths.items():
        if not path.is_file():
            fetch(catalogue[name], path)
    return paths
