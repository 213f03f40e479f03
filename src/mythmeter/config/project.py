"""One run, as the configuration asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mythmeter.config.device import device_of_run
from mythmeter.config.footage import load_footage
from mythmeter.config.persons import Clip, Person, load_people
from mythmeter.config.places import Origins, tidy
from mythmeter.config.renders import Render, render_of_row, synthesisers_of
from mythmeter.config.schema import validate
from mythmeter.config.sheet import read_sheet
from mythmeter.config.surroundings import check_bucket, check_clips, check_surroundings
from mythmeter.voice.assets import COQUI_FILES, OWN_FILES, coqui_cache

REVOCATIONS = "consent/revoked.json"
"""The list of consents taken back, beside the project's configuration."""


@dataclass(frozen=True)
class Project:
    """What a run is asked to do, with every path resolved."""

    folder: Path
    results: Path
    reports: Path
    models: Path
    """The model catalogue."""
    prices: Path
    gpus: Path
    records: Path
    """Folder of the record sets of other machines; it need not be there."""
    market: Path
    """The inputs of the GPU-market calculator."""
    renders: Mapping[str, Render]
    people: Mapping[str, Person]
    clips: Mapping[str, Clip]
    """All clips of all people, and all footage."""
    device: str
    """`cpu` or `cuda`."""
    signing_folder: Path | None
    """Where the signing certificate lies; None: the usual place."""
    revocations: Path
    """The list of consents taken back; it need not be there."""
    synthesisers: Mapping[str, str]
    """Person -> who speaks for them: one for all their renders."""
    own_models: Mapping[str, Path]
    """Files that stand for those of the catalogue, or that it does not have, by name."""
    licences: tuple[str, ...]
    """Licences that the user accepts."""
    parsing: Path | None = None
    """A face-parsing model of the user's; None: only hands are masked."""
    demand_file: Path | None = None
    """What jobs ask for, as earlier runs measured it; None: each rule's own figures."""
    warm_start: Path | None = None
    """Model of another pair whose encoder a trained swapper begins with."""
    detector_scores: Path | None = None
    """Scores of a detector of rendered faces, brought by the user."""
    detector_model: Path | None = None
    """Such a detector of the user's (ONNX), to be run over the finished renders."""

    def languages(self, person: str) -> tuple[str, ...]:
        """Return the languages in which a person's renders speak, sorted."""
        return tuple(sorted({r.language for r in self.renders.values() if r.person == person}))

    def target_is_own(self, render: str) -> bool:
        """Return whether the target of a render is the file of one of the person's face clips.

        Footage and clips of people have ids apart, so that only their files can be the same.
        """
        wanted = self.renders[render]
        own = (self.clips[clip].path for clip in self.people[wanted.person].face_clips)
        return self.clips[wanted.target].path.resolve() in {path.resolve() for path in own}


def load_project(
    config: Mapping[str, Any],
    configfiles: Sequence[Path] = (),
    *,
    main: bool = True,
    cluster: bool = False,
    stored: str | None = None,
) -> Project:
    """Check a configuration and everything that it names.

    Args:
        config: all configuration files and `--config` values, merged.
        configfiles: the files given with --configfile, in order. The built-in config/config.yaml of
            the working directory is taken to lie under them.
        main: false in the jobs that a run starts, which need not check everything again.
        cluster: jobs run on other machines than the one that plans; this may be one of them.
        stored: the bucket that Snakemake was told of, where it looks for the clips; None: they lie
            here.

    Returns:
        The project. A path is relative to the working directory if the built-in file or the command
        line names it, and to the folder of the file that names it otherwise.

    Raises:
        ConfigError: a fault, by file, line and key.
        ConsentError: a person without a consent record.
        DeviceError: `device: cuda` where there is none, and the jobs run here.
    """
    origins = Origins(configfiles)
    if main:
        validate(config, "config", origins.where)
    people_base = origins.folder_of(["people"], config["people"])
    people, clips = load_people(origins.path(config, "people"), people_base, check=main)
    footage = load_footage(config, origins)
    sheet_base = origins.folder_of(["renders"], config["renders"])
    rows = read_sheet(origins.path(config, "renders"), sheet_base, check=main)
    renders = {row["name"]: render_of_row(where, row, config, people) for where, row in rows}
    project = Project(
        folder=tidy(str(Path(configfiles[-1]).parent), Path(), "config") if configfiles else Path(),
        results=origins.path(config, "paths", "results"),
        reports=origins.path(config, "paths", "reports"),
        models=origins.path(config, "models"),
        prices=origins.path(config, "prices"),
        gpus=origins.path(config, "gpus"),
        records=origins.path(config, "records"),
        market=origins.path(config, "market"),
        renders=renders,
        people=people,
        clips={**clips, **footage},
        device=device_of_run(config["device"], main, cluster),
        signing_folder=origins.path_or_none(config, "provenance", "signing_folder"),
        revocations=_revocations(config, origins, configfiles),
        synthesisers=synthesisers_of(renders, people, config["voice"]["synthesiser"]),
        own_models=_own_models(config, origins),
        licences=tuple(config["licences"]),
        parsing=origins.path_or_none(config, "faces", "parsing"),
        warm_start=origins.path_or_none(config, "swap", "warm_start"),
        detector_scores=origins.path_or_none(config, "answers", "detector_scores"),
        detector_model=origins.path_or_none(config, "answers", "detector", "model"),
        demand_file=origins.path_or_none(config, "demand", "file"),
    )
    if main:
        check_bucket(project, config["paths"].get("bucket"), stored)
        check_surroundings(project)
        if not stored:
            check_clips(project)
    return project


def _revocations(config: Mapping[str, Any], origins: Origins, configfiles: Sequence[Path]) -> Path:
    if config["consent"]["revocations"] is not None:
        return origins.path(config, "consent", "revocations")
    folder = Path(configfiles[-1]).parent if configfiles else Path()
    return tidy(REVOCATIONS, folder, "consent.revocations")


def _own_models(config: Mapping[str, Any], origins: Origins) -> dict[str, Path]:
    voice = config["voice"]
    own: dict[str, Path] = {}
    if voice["xtts"]["checkpoint"] is not None:
        folder = origins.path(config, "voice", "xtts", "checkpoint")
        own.update({name: folder / file for name, file in OWN_FILES.items()})
    if voice["coqui"]["folder"] is None:
        coqui = coqui_cache()
    else:
        coqui = origins.path(config, "voice", "coqui", "folder")
    own.update({name: coqui / file for name, file in COQUI_FILES.items()})
    return own
