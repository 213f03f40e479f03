"""The embeddings of a person, taken when they agree; models are fetched where they are missing."""

import argparse
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from mythmeter.config.persons import Person
from mythmeter.config.schema import SCHEMAS
from mythmeter.models.catalogue import load_catalogue
from mythmeter.models.fetch import fetch
from mythmeter.people.likeness import Likeness, describe, write_likeness
from mythmeter.people.record import likeness_path

CATALOGUE = SCHEMAS.parent / "models.yaml"
MODELS = SCHEMAS.parents[1] / "resources" / "models"


@dataclass(frozen=True)
class Taken:
    """Embeddings that are written but not yet in their place."""

    scratch: Path
    path: Path
    section: dict[str, Any]
    """`likeness` of the record."""

    def keep(self) -> None:
        """Put the embeddings beside the record."""
        self.scratch.replace(self.path)


def enrol(person: Person, clips: Mapping[str, Path], options: argparse.Namespace) -> Taken:
    """Take the likeness that a person agrees to have compared.

    Raises:
        ConsentError: clips of different people.
        ModelError: an encoder could not be fetched.
    """
    faces = {c: clips[c] for c in person.face_clips if options.agree_face}
    voices = {c: clips[c] for c in person.voice_clips if options.agree_voice}
    print("Comparing the clips with one another; this takes a moment.", flush=True)
    likeness = take(faces, voices, options.limits_factor)
    catalogue = load_catalogue(CATALOGUE)
    path = likeness_path(person.consent)
    scratch = path.with_name(f".{path.name}.new")
    write_likeness(likeness, scratch)
    weights = {name: catalogue[name].sha256 for name in ("dlib_face", "dvector")}
    section = {**describe(likeness, scratch, weights), "file": path.name}
    return Taken(scratch, path, section)


def take(faces: Mapping[str, Path], voices: Mapping[str, Path], limits_factor: float) -> Likeness:
    """Take the likeness with the models of this checkout."""
    from mythmeter.people.enrol import ASSETS, take_likeness

    catalogue = load_catalogue(CATALOGUE)
    models = {}
    for name in ASSETS:
        models[name] = MODELS / catalogue[name].file
        if not models[name].is_file():
            print(f"Fetching {catalogue[name].purpose} …", flush=True)
            fetch(catalogue[name], models[name])
    with redirect_stdout(StringIO()):  # what the stages print goes into a log otherwise
        return take_likeness(faces, voices, models, limits_factor)
