"""Remove everything that a project derived from a person, and say what it was."""

import argparse
from pathlib import Path

from mythmeter.config.marked import MarkedYaml
from mythmeter.config.persons import load_people
from mythmeter.config.places import BUILT_IN, is_id, tidy
from mythmeter.config.schema import near
from mythmeter.config.sheet import read_sheet
from mythmeter.errors import ConfigError
from mythmeter.people.forget import derived_from, logs_about, remove
from mythmeter.people.ledger import read_ledger

STATE = Path(".snakemake")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter forget`."""
    parser.add_argument("person", help="name of the person's file")
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        metavar="DIR",
        help="folder of the project; default: the built-in example",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go; remove nothing")


def run(options: argparse.Namespace) -> None:
    """Remove what was derived from a person.

    Raises:
        ConfigError: no project there, or no such person in it.
    """
    name: str = options.person
    base = options.folder or Path()
    file = MarkedYaml(BUILT_IN if options.folder is None else base / "config.yaml")
    config = {**MarkedYaml(BUILT_IN).value, **file.value} if BUILT_IN.is_file() else file.value
    people, _ = load_people(tidy(config["people"], base, str(file.path)), base, check=True)
    if not is_id(name) or name not in people:
        raise ConfigError(f"There is no person {name!r} in {file.path}. {near(name, people)}")
    person = people[name]
    results, reports = (
        tidy(config["paths"][key], base, str(file.path)) for key in ("results", "reports")
    )
    rows = read_sheet(tidy(config["renders"], base, str(file.path)), base, check=True)
    renders = {row["name"] for _, row in rows if row["person"] == name}
    own = (results / "renders").absolute()
    signed = read_ledger(person.consent)
    renders |= {Path(e.file).stem for e in signed if Path(e.file).parent == own}
    paths = derived_from(name, renders, results, reports, person.consent)
    paths += logs_about(STATE, [name, *renders], results)
    if options.dry_run:
        print("\n".join([f"Would go ({len(paths)}):", *(f"  {path}" for path in paths)]))
        return
    removed = remove(paths, STATE)
    for entry in removed:
        print(f"removed  {entry.path}  ({entry.files} files, {entry.bytes / 1e6:.2f} MB)")
    if not removed:
        print(f"Nothing was derived from {name} here.")
    elsewhere = [e.file for e in signed if Path(e.file).exists()]
    for path in dict.fromkeys(elsewhere):
        print(f"still there, in another project: {path}")
    print(
        f"kept     {person.consent} and its list of renders: they show who agreed to what\n"
        f"kept     the clips of {name}: they were given, not made. Copies that were passed on are "
        "out of reach."
    )
