"""A row of the sheet, checked against the people and the footage that it names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mythmeter.config.persons import Person
from mythmeter.config.schema import near
from mythmeter.config.sheet import Row
from mythmeter.errors import ConfigError
from mythmeter.voice.languages import SUPPORTED_LANGUAGES


@dataclass(frozen=True)
class Render:
    """A row of the sheet: one video to make."""

    name: str
    person: str
    target: str
    """Id of the footage."""
    start_s: float
    end_s: float | None
    """None: to the end of the footage."""
    script: str
    language: str
    duration_s: float | None
    """How long the speech shall last; None: as long as it takes."""
    fit: str
    """What gives when speech and footage differ in length: `trim`, `loop` or `ping-pong`."""
    swapper: str
    preset: str
    """Size of a swapper that is trained."""
    synthesiser: str
    syncer: str


def render_of_row(
    where: str,
    row: Row,
    config: Mapping[str, Any],
    people: Mapping[str, Person],
) -> Render:
    """Return the render that a row of the sheet asks for.

    Args:
        where: the file and line of the row.
        row: its cells, without the empty ones.
        config: what stands for the cells that are empty.
        people: by name.

    Raises:
        ConfigError: an unknown person, target or language, an end before the start, or a person
            without a clip of face or voice.
    """
    for column, names in (("person", people), ("target", config["footage"])):
        if row[column] not in names:
            raise ConfigError(
                f"{where}: unknown {column} {row[column]!r}. {near(row[column], names)}"
            )
    start_s, end_s = row.get("start_s", 0.0), row.get("end_s")
    if end_s is not None and start_s >= end_s:
        raise ConfigError(f"{where}: start_s ({start_s:g}) is not before end_s ({end_s:g}).")
    synthesiser = row.get("synthesiser", config["voice"]["synthesiser"])
    language = row.get("language", "en").lower()
    spoken = SUPPORTED_LANGUAGES[synthesiser]
    if language not in spoken:
        raise ConfigError(
            f"{where}: synthesiser {synthesiser} does not speak language {language!r}. "
            f"{near(language, spoken)}"
        )
    person = people[row["person"]]
    for what, clips in (("face", person.face_clips), ("voice", person.voice_clips)):
        if not clips:
            raise ConfigError(
                f"{where}: no clip of {person.name} shows a {what}; add one with `shows: [{what}]`."
            )
    return Render(
        name=row["name"],
        person=person.name,
        target=row["target"],
        start_s=start_s,
        end_s=end_s,
        script=row["script"],
        language=language,
        duration_s=row.get("duration_s"),
        fit=row.get("fit", "trim"),
        swapper=row.get("swapper", config["swap"]["swapper"]),
        preset=row.get("preset", config["swap"]["preset"]),
        synthesiser=synthesiser,
        syncer=row.get("syncer", config["lips"]["syncer"]),
    )


def synthesisers_of(
    renders: Mapping[str, Render], people: Mapping[str, Person], otherwise: str
) -> dict[str, str]:
    """Return person -> synthesiser. A voice is enrolled once, so it has one.

    Raises:
        ConfigError: renders of one person name two.
    """
    chosen: dict[str, str] = {}
    for render in renders.values():
        other = chosen.setdefault(render.person, render.synthesiser)
        if other != render.synthesiser:
            raise ConfigError(
                f"renders of {render.person} use two synthesisers, {other} and "
                f"{render.synthesiser} ({render.name}); a voice is enrolled for one. Use one, or a "
                "second configuration with its own paths.results."
            )
    return {name: chosen.get(name, otherwise) for name in people}
