"""Write the folder of a new project: configuration, sheet, person, consent record to complete.

Then `mythmeter consent DIR`, then `snakemake --configfile DIR/config.yaml`.
"""

import argparse
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mythmeter.config.marked import MarkedYaml, read_text
from mythmeter.config.places import is_id
from mythmeter.config.schema import SCHEMAS
from mythmeter.config.surroundings import require_writable
from mythmeter.errors import ConfigError
from mythmeter.people.footage import new_licence
from mythmeter.people.record import new_draft, write_record

CONFIG = """\
# A project of Mythmeter. Relative paths are relative to this file.
# Every key is documented in Mythmeter's config/README.md.
paths:
  results: results
  reports: reports
renders: renders.tsv
people: people
# The model catalogue, prices, GPUs and records of other machines are Mythmeter's own, unless set
# here.

footage:
  {target}:
    path: {path}
    # Whose footage it is and what lets you use it: the face in it is going to be replaced.
    licence: {licence}
{record}
"""
COLUMNS = ("name", "person", "target", "start_s", "end_s", "script", "language", "fit")


@dataclass(frozen=True)
class Showing:
    """A clip of the person, and what it shows."""

    path: Path
    shows: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter new`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder to make; must not exist")
    parser.add_argument(
        "--person",
        nargs="+",
        required=True,
        metavar="[NAME=]CLIP",
        help="clips that show face and voice of the person; NAME is `me` unless given",
    )
    parser.add_argument("--face-clip", nargs="+", default=[], metavar="CLIP", help="face only")
    parser.add_argument("--voice-clip", nargs="+", default=[], metavar="CLIP", help="voice only")
    parser.add_argument("--target", required=True, metavar="CLIP", help="footage to render into")
    parser.add_argument("--licence", default="", help="what lets you use the target footage")
    script = parser.add_mutually_exclusive_group(required=True)
    script.add_argument("--script", help="what is to be said")
    script.add_argument("--script-file", type=Path, help="a text file with what is to be said")
    parser.add_argument("--language", default="en", help="language of the script (en)")
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="start in the target")
    parser.add_argument(
        "--end", type=float, metavar="S", help="end in the target; default: its end"
    )
    parser.add_argument(
        "--fit",
        choices=("trim", "loop", "ping-pong"),
        default="trim",
        help="how the footage is fitted to the speech",
    )
    parser.add_argument("--name", help="name of the render; default: that of the folder")


def run(options: argparse.Namespace) -> None:
    """Write the folder, whole or not at all.

    Raises:
        ConfigError: a clip that is not there, an empty script, or a folder that cannot be made.
    """
    folder: Path = options.folder
    person, both = _person(options.person)
    clips = [
        *(Showing(_clip(path), ("face", "voice")) for path in both),
        *(Showing(_clip(path), ("face",)) for path in options.face_clip),
        *(Showing(_clip(path), ("voice",)) for path in options.voice_clip),
    ]
    target = _clip(options.target)
    script = _one_line(
        options.script if options.script_file is None else read_text(options.script_file)
    )
    if options.end is not None and options.start >= options.end:
        raise ConfigError(f"--start ({options.start:g}) is not before --end ({options.end:g}).")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is already there; choose a folder that does not exist.")
    require_writable(folder, "DIR")
    row = {
        "name": options.name or slug(folder.absolute().name, "render"),
        "person": person,
        "target": slug(target.stem, "target"),
        "start_s": f"{options.start:g}",
        "end_s": "" if options.end is None else f"{options.end:g}",
        "script": script,
        "language": options.language,
        "fit": options.fit,
    }
    if not is_id(row["name"]):
        raise ConfigError(f"--name {row['name']!r}: small letters, digits, `-` and `_` only.")
    _write(folder, row, clips, target, options.licence)
    print(_next_steps(folder, person, options.licence))


def slug(text: str, otherwise: str) -> str:
    """Turn a file's name into an id: `My Clip (2)` becomes `my-clip-2`."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:64] or otherwise


def _person(values: Sequence[str]) -> tuple[str, list[str]]:
    name, sign, first = values[0].partition("=")
    if not sign or Path(values[0]).exists():
        return "me", list(values)
    if not is_id(name):
        raise ConfigError(f"--person {name!r}: small letters, digits, `-` and `_` only.")
    return name, [first, *values[1:]]


def _clip(path: str) -> Path:
    clip = Path(path)
    if not clip.is_file():
        raise ConfigError(f"There is no clip {path!r}.")
    return clip.absolute()


def _one_line(script: str) -> str:
    line = " ".join(script.replace("\x00", " ").split())
    if not any(character.isalnum() for character in line):
        raise ConfigError("The script is empty. Write what is to be said.")
    return line


def _write(
    folder: Path, row: dict[str, str], clips: Iterable[Showing], target: Path, licence: str
) -> None:
    """Write all files beside the folder and move them into place at once."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
    except OSError as error:
        raise ConfigError(f"DIR: {folder} cannot be made: {error.strerror}.") from error
    try:
        scratch.chmod(0o755)
        config = CONFIG.format(
            target=row["target"],
            path=_quoted(str(target)),
            licence=_quoted(licence),
            record=_footage_record(scratch, row["target"], target, licence),
        )
        (scratch / "config.yaml").write_text(config + _stage_settings(), encoding="utf-8")
        sheet = "\t".join(COLUMNS) + "\n" + "\t".join(row[c] for c in COLUMNS) + "\n"
        (scratch / "renders.tsv").write_text(sheet, encoding="utf-8")
        (scratch / "people").mkdir()
        person = scratch / "people" / f"{row['person']}.yaml"
        person.write_text(_person_file(row["person"], clips), encoding="utf-8")
        record = scratch / "consent" / f"{row['person']}.json"
        write_record(new_draft(row["person"], languages=(row["language"],)), record)
        if folder.is_dir():
            folder.rmdir()
        scratch.rename(folder)
    except OSError as error:
        raise ConfigError(f"DIR: {folder} cannot be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _footage_record(folder: Path, name: str, target: Path, licence: str) -> str:
    """Write the licence record of the footage; return its line of the config, if there is one."""
    if not licence:
        return ""
    path = Path("consent") / f"{name}.footage.json"
    write_record(
        new_licence(name, target, licence=licence, source="", recorded=datetime.now(UTC)),
        folder / path,
    )
    return f"    record: {path}\n"


def _stage_settings() -> str:
    """Return the settings of the stages as the built-in configuration has them, comments too.

    Not those of the experiments: their sheets lie beside the built-in configuration.
    """
    built_in = MarkedYaml(SCHEMAS.parent / "config.yaml")
    lines = read_text(built_in.path).splitlines(keepends=True)
    starts = sorted(built_in.line([key]) - 1 for key in built_in.value)
    first, apart = (built_in.line([key]) - 1 for key in ("device", "experiments"))
    end = next((start for start in starts if start > apart), len(lines))
    return "".join(lines[first:apart] + lines[end:])


def _person_file(name: str, clips: Iterable[Showing]) -> str:
    lines = [f"name: {name}", "kind: person", f"consent: consent/{name}.json", "clips:"]
    used: set[str] = set()
    for clip in clips:
        key = base = slug(clip.path.stem, "clip")[:58]
        number = 2
        while key in used:
            key, number = f"{base}-{number}", number + 1
        used.add(key)
        lines += [f"  {key}:", f"    path: {_quoted(str(clip.path))}"]
        lines += [f"    shows: [{', '.join(clip.shows)}]"]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _next_steps(folder: Path, person: str, licence: str) -> str:
    steps = [f"{person} reads and completes the consent record:  mythmeter consent {folder}"]
    if not licence:
        steps.insert(0, f"Say in {folder}/config.yaml what lets you use the footage (licence).")
    steps.append(
        "Run it:  snakemake --cores all --resources gpu=1 --configfile " + f"{folder}/config.yaml"
    )
    numbered = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1))
    return f"{folder} is ready. Next:\n{numbered}"
