"""`mythmeter consent keygen|show|verify|revoke`: a record looked at, checked, taken back."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from mythmeter.config.marked import MarkedYaml
from mythmeter.config.persons import Clip, Person, load_people
from mythmeter.config.places import tidy
from mythmeter.config.project import REVOCATIONS
from mythmeter.config.schema import near
from mythmeter.errors import ConfigError, ConsentError
from mythmeter.people.asked import Asked
from mythmeter.people.consent import check, standing
from mythmeter.people.keys import KEY_FILE, make_key
from mythmeter.people.ledger import Signed, read_ledger
from mythmeter.people.likeness import read_embedding
from mythmeter.people.record import Record, likeness_path, read_any_record, read_record
from mythmeter.people.revocation import revoke as add_revocation


def keygen(folder: Path) -> None:
    """Make the key of a person who agrees, and show the public half."""
    key = make_key(folder)
    print(f"Private key: {folder / KEY_FILE} (keep it to yourself; it is never replaced)")
    print(f"Public key:  {key.id}")
    print("Give the public key to those who make renders, by a way on which nobody can change it.")


def show(folder: Path, name: str | None, _reason: str) -> None:
    """Print a record in full, how it stands, and which renders were signed under it."""
    person, clips = find_person(folder, name)
    record = read_any_record(person.consent)
    if record.get("status") == "draft":
        print(f"{person.consent} is a draft: nobody has agreed yet.")
        return
    print(describe(record))
    now = standing(_asked(folder, person, clips), datetime.now(UTC))
    print(f"Stands: {now}")
    print(_listed("Renders signed under it", signed_under(record, person.consent)))


def verify(folder: Path, name: str | None, _reason: str) -> None:
    """Check a record as the workflow's gate does, files and embeddings included.

    Raises:
        ConsentError: the first reason against it.
    """
    person, clips = find_person(folder, name)
    record = read_record(person.consent)
    check(_asked(folder, person, clips), datetime.now(UTC))
    for what in ("face", "voice"):
        if record.get("likeness", {}).get(what) is not None:
            read_embedding(likeness_path(person.consent), record, what)
    print(f"{person.consent}: in force, signed by {record['signature']['key']}, files as agreed.")


def revoke(folder: Path, name: str | None, reason: str) -> None:
    """Take a consent back, and list the renders that must go.

    Raises:
        ConsentError: there is no record to take back.
    """
    person, _ = find_person(folder, name)
    record = read_any_record(person.consent)
    if record.get("status") != "in-force":
        raise ConsentError(f"{person.consent} was never in force: there is nothing to take back.")
    path = revocations_of(folder)
    add_revocation(path, str(record["record_id"]), datetime.now(UTC), reason)
    print(f"Taken back: {record['record_id']} ({path}). From now on every run refuses.")
    print(_listed("Renders that must go", signed_under(record, person.consent)))
    print(
        f"`mythmeter forget {person.name} {folder}` removes what this project made of "
        f"{person.name}. Copies that were given away are out of its reach: ask for them back."
    )


ACTIONS: Mapping[str, Callable[[Path, str | None, str], None]] = {
    "show": show,
    "verify": verify,
    "revoke": revoke,
}


def signed_under(record: Record, path: Path) -> list[Signed]:
    """Return the renders that were signed under a record, each path once, the last time."""
    last = {e.file: e for e in read_ledger(path) if e.record_id == record.get("record_id")}
    return list(last.values())


def revocations_of(folder: Path) -> Path:
    """Return the list of consents taken back of a project."""
    config = _config(folder)
    named = config.value.get("consent") or {}
    return tidy(named.get("revocations") or REVOCATIONS, folder, str(config.path))


def limits_factor_of(folder: Path) -> float:
    """Return what a project multiplies the limits on decoding by."""
    return float((_config(folder).value.get("ingest") or {}).get("limits_factor", 1.0))


def describe(record: Record) -> str:
    """Say in full what a record agrees to."""
    scope = record["scope"]
    what = [name for name in ("face", "voice") if scope[name]]
    limit = "any length" if scope["minutes"] is None else f"{scope['minutes']:g} minutes in all"
    pairs = [
        ("Person", f"{record['subject']['name']} ({record['person']})"),
        ("Covers", ", ".join(what)),
        ("Languages", ", ".join(scope["languages"])),
        ("Renders", f"{limit}; distribution: {scope['distribution']}"),
        ("Purposes", "; ".join(record["purposes"])),
        ("Never for", "; ".join(record["prohibited_uses"])),
        ("Made by", f"{record['controller']['name']}, {record['controller']['contact']}"),
        ("From", record["issued"]),
        ("Until", record["expires"] or "without end"),
        ("Take it back", record["revocation"]["contact"]),
        ("Signed by", record.get("signature", {}).get("key", "nobody")),
    ]
    pairs += [("Compared by", text) for text in _comparisons(record)]
    pairs += [
        ("File", f"{s['clip']}  {s['file']}  sha256 {s['sha256']}") for s in record["sources"]
    ]
    lines = [f"  {name:<13}{value}" for name, value in pairs]
    return "\n".join(["Consent", *lines, "", f"  “{record['statement']}”", ""])


def _comparisons(record: Record) -> Iterator[str]:
    for what in ("face", "voice"):
        section = (record.get("likeness") or {}).get(what)
        if section:
            yield (
                f"{what}: {section['model']}, same up to {section['threshold']:g} (false accept "
                f"{section['false_accept_rate']:.1%} of {section['different_pairs']} pairs, false "
                f"reject {section['false_reject_rate']:.1%} of {section['same_pairs']})"
            )


def _listed(title: str, renders: list[Signed]) -> str:
    lines = [
        f"  {e.file}  {e.duration_s:.1f} s  sha256 {e.sha256}"
        + ("" if Path(e.file).exists() else "  (no longer there)")
        for e in renders
    ]
    return "\n".join([f"{title}:", *(lines or ["  none"])])


def _asked(folder: Path, person: Person, clips: list[Clip]) -> Asked:
    """Ask only what every run would: the scope of a run is for the run to ask."""
    return Asked(
        record=person.consent,
        sources={clip.id: clip.path for clip in clips},
        person=person.name,
        person_kind=person.kind,
        key=person.consent_key,
        face=False,
        voice=False,
        languages=[],
        revocations=revocations_of(folder),
    )


def _config(folder: Path) -> MarkedYaml:
    config = MarkedYaml(folder / "config.yaml")
    if not isinstance(config.value, dict):
        raise ConfigError(f"{config.path} is not the configuration of a project.")
    return config


def find_person(folder: Path, name: str | None) -> tuple[Person, list[Clip]]:
    """Return the person of a project who can be asked, and their clips.

    Raises:
        ConfigError: no project there, or no such person in it.
    """
    config = MarkedYaml(folder / "config.yaml")
    value = config.value.get("people", "people") if isinstance(config.value, dict) else "people"
    people, clips = load_people(tidy(value, folder, str(config.path)), folder, check=True)
    real = {key: person for key, person in people.items() if person.kind == "person"}
    if name is None and len(real) == 1:
        name = next(iter(real))
    if name not in real:
        problem = "several people" if name is None else f"no person {name!r}"
        raise ConfigError(f"{folder} has {problem} to ask; use --person. {near(name or '', real)}")
    person = real[name]
    return person, [clips[clip] for clip in person.clips]
