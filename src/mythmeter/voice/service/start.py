"""`mythmeter serve`: configuration to a running server, and the usage record of its life."""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from mythmeter.config import Project, load_project
from mythmeter.config.places import BUILT_IN
from mythmeter.errors import ConfigError, ModelError
from mythmeter.models.catalogue import load_catalogue
from mythmeter.people.asked import Asked
from mythmeter.usage.claim import claim
from mythmeter.usage.job import THREAD_VARIABLES
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.assets import speaking_assets
from mythmeter.voice.settings import settings_of

MODELS = Path("resources") / "models"


def serve(
    configfiles: Sequence[Path],
    *,
    host: str,
    port: int,
    waiting: int,
    threads: int,
    notice: bool,
    started: datetime,
) -> None:
    """Load the run's synthesiser and serve its voices.

    Args:
        configfiles: laid over the built-in configuration in order.
        host: address to listen on.
        port: TCP port.
        waiting: longest line of requests.
        threads: cores that the synthesiser uses.
        notice: whether every answer begins with a spoken notice.
        started: names the usage record.

    Raises:
        ConfigError: see `load_project`; or `waiting` below 1.
        ModelError: a file of the synthesiser is missing.
    """
    if waiting < 1 or threads < 1:
        raise ConfigError("--waiting and --threads must be 1 or more.")
    config = merged(configfiles)
    project = load_project(config, configfiles)
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    with claim(1 if project.device == "cuda" else 0, project.device) as device:
        record = UsageRecord("serve", {}, device=device, threads=threads)
        _serve(config, project, record, host=host, port=port, waiting=waiting, notice=notice)
    name = started.strftime("%Y%m%dT%H%M%SZ")
    record.write(project.results / "usage" / "serve" / f"{name}.jsonl")


def _serve(
    config: Mapping[str, Any],
    project: Project,
    record: UsageRecord,
    *,
    host: str,
    port: int,
    waiting: int,
    notice: bool,
) -> None:
    with record.phase("import"):
        import uvicorn

        from mythmeter.voice.service.app import Offer, make_app
        from mythmeter.voice.service.consents import Consents
        from mythmeter.voice.service.shelf import VoiceShelf
        from mythmeter.voice.synthesiser import load_synthesiser
        from mythmeter.voice.watermark import mark
    name = config["voice"]["synthesiser"]
    record.backend = name
    with record.phase("model_load"):
        speaker = load_synthesiser(
            name,
            files_of(project, name),
            threads=record.threads,
            device=record.device.kind,
            settings=settings_of(name, config),
        )
    consents = Consents(project.results, questions(config, project))
    shelf = VoiceShelf(project.results, name, consents)
    voices = ", ".join(shelf.names()) or "none yet: run the workflow"
    said = "with" if notice else "without"
    print(
        f"{name} on http://{host}:{port}, {said} a spoken notice, voices: {voices}",
        file=sys.stderr,
    )
    voice = config["voice"]
    offer = Offer(speaker, name, shelf, mark, waiting, voice["pause_s"], voice["seed"], notice)
    app = make_app(offer)
    with record.phase("steady") as work:
        uvicorn.run(app, host=host, port=port, log_level="warning")
        work["audio_s"] = round(app.state.measures.total("mythmeter_audio_seconds_total"), 3)
        work["busy_s"] = round(app.state.measures.total("mythmeter_busy_seconds_total"), 3)
        work.update(getattr(speaker, "work", {}))


def questions(config: Mapping[str, Any], project: Project) -> dict[str, Asked]:
    """Return what the gate is asked about each person of a run."""
    return {
        person.name: Asked(
            record=person.consent,
            sources={clip: project.clips[clip].path for clip in person.clips},
            person=person.name,
            person_kind=person.kind,
            face=False,
            voice=True,
            languages=(),
            key=person.consent_key,
            generated=person.synthetic is not None,
            distribution=config["consent"]["distribution"],
            purpose=config["consent"]["purpose"],
            revocations=project.revocations,
        )
        for person in project.people.values()
    }


def merged(configfiles: Sequence[Path]) -> dict[str, Any]:
    """Return the built-in configuration with files laid over it, as Snakemake does.

    Raises:
        ConfigError: a file that cannot be read.
    """
    config: dict[str, Any] = {}
    for path in (BUILT_IN, *configfiles):
        try:
            config = _over(config, yaml.safe_load(path.read_text(encoding="utf-8")) or {})
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(
                f"{path} cannot be read ({error}). Start from Mythmeter's folder."
            ) from error
    return config


def _over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(laid.get(key), dict)
        laid[key] = _over(laid[key], value) if both else value
    return laid


def files_of(project: Project, synthesiser: str) -> dict[str, Path]:
    """Return the files of a synthesiser by asset name.

    Raises:
        ModelError: one is not there; the workflow fetches it.
    """
    catalogue = load_catalogue(project.models)
    files = {}
    for name in speaking_assets(synthesiser):
        path = project.own_models.get(name)
        files[name] = path or MODELS / catalogue[name].file
        if not files[name].is_file():
            raise ModelError(f"{files[name]} is not there. Run the workflow once: it fetches it.")
    return files
