"""People and clips: who may be imitated, and which clips show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mythmeter.config.marked import MarkedYaml
from mythmeter.config.places import is_id, tidy
from mythmeter.config.schema import locate_in, validate
from mythmeter.errors import ConfigError


@dataclass(frozen=True)
class Clip:
    """A source video under a short id."""

    id: str
    """`<person>.<name>`, or the name of footage."""
    path: Path
    licence: str
    source: str
    record: Path | None = None
    """Footage: its licence record."""
    face: Mapping[str, Any] | None = None
    """Who of those in it is meant: `picture`, or `time_s` and `box`; None: who is seen first."""


@dataclass(frozen=True)
class Person:
    """Someone whose face and voice may be generated, or who does not exist."""

    name: str
    kind: str
    """`synthetic`, `person`, or `corpus` (research material; nobody agreed)."""
    clips: tuple[str, ...]
    """Ids of all clips, in the order of the person's file."""
    face_clips: tuple[str, ...]
    voice_clips: tuple[str, ...]
    consent: Path
    """The consent record."""
    consent_key: str | None = None
    """The public key that must have signed it; None: none is pinned."""
    synthetic: Mapping[str, Any] | None = None
    """What a synthetic person is made of; None: her clips are not made here."""


def load_people(
    folder: Path, base: Path, *, check: bool
) -> tuple[dict[str, Person], dict[str, Clip]]:
    """Read every `<name>.yaml` of a folder.

    Args:
        folder: the folder of the people.
        base: what the paths in the files are relative to.
        check: whether to check the files against the schema.

    Returns:
        People by name, and their clips by id.

    Raises:
        ConfigError: no such folder, or a fault in a file.
    """
    if not folder.is_dir():
        raise ConfigError(f"people: {folder} is not a folder; it needs one YAML file a person.")
    people: dict[str, Person] = {}
    clips: dict[str, Clip] = {}
    for path in sorted(folder.glob("*.yaml")):
        person, own = _load_person(MarkedYaml(path), base, check=check)
        people[person.name] = person
        clips.update(own)
    return people, clips


def _load_person(file: MarkedYaml, base: Path, *, check: bool) -> tuple[Person, dict[str, Clip]]:
    entry = file.value
    if check:
        validate(entry, "person", locate_in(file))
    name = entry["name"]
    if not is_id(name) or name != file.path.stem:
        raise ConfigError(
            f"{file.path}, line {file.line(['name'])}: name is {name!r}, the file is called "
            f"{file.path.name}; both must be the same id."
        )
    clips = {
        f"{name}.{key}": Clip(
            id=f"{name}.{key}",
            path=tidy(clip["path"], base, _where(file, key, "path")),
            licence=clip.get("licence", "by consent record"),
            source=clip.get("source", ""),
            face=_face(clip.get("face"), base, _where(file, key, "face")),
        )
        for key, clip in entry["clips"].items()
    }
    person = Person(
        name=name,
        kind=entry["kind"],
        clips=tuple(clips),
        face_clips=_showing(entry["clips"], name, "face"),
        voice_clips=_showing(entry["clips"], name, "voice"),
        consent=tidy(entry["consent"], base, f"{file.path}, line {file.line(['consent'])}"),
        consent_key=entry.get("consent_key"),
        synthetic=entry.get("synthetic"),
    )
    if person.synthetic is not None and person.kind != "synthetic":
        raise ConfigError(
            f"{file.path}, line {file.line(['synthetic'])}: {name} has a recipe but kind is "
            f"{person.kind!r}. Only a person of kind `synthetic` is generated."
        )
    _refuse_same_file(file, clips)
    return person, clips


def _face(entry: Mapping[str, Any] | None, base: Path, where: str) -> Mapping[str, Any] | None:
    """Who is meant in a clip, with the path of the picture resolved."""
    if entry is None or "picture" not in entry:
        return entry
    return {"picture": str(tidy(entry["picture"], base, where))}


def _showing(clips: Mapping[str, Any], person: str, what: str) -> tuple[str, ...]:
    return tuple(f"{person}.{key}" for key, clip in clips.items() if what in clip["shows"])


def _refuse_same_file(file: MarkedYaml, clips: Mapping[str, Clip]) -> None:
    paths: dict[Path, str] = {}
    for clip in clips.values():
        if clip.path in paths:
            key = clip.id.partition(".")[2]
            raise ConfigError(
                f"{_where(file, key, 'path')}: clips {paths[clip.path]} and {clip.id} are the same "
                "file; keep one and let `shows` name both face and voice."
            )
        paths[clip.path] = clip.id


def _where(file: MarkedYaml, clip: str, key: str) -> str:
    return f"{file.path}, line {file.line(['clips', clip, key])}"
