"""Weights and footage: where a file of the catalogue lies, and what only the user has."""

from mythmeter.errors import MythmeterError
from mythmeter.models import supplied as missing_files
from mythmeter.models.catalogue import by_name, load_catalogue

catalogue = load_catalogue(project.models)


def model(name):
    """Path of a fetched file, by its name in the catalogue, or of the user's own in its place."""
    if name in project.own_models:
        return str(project.own_models[name])
    return f"<resources>/models/{catalogue[name].file}"


def require_supplied(names, wanted_by, instead):
    """Stop before any work where a file that only the user can supply is missing."""
    if not workflow.is_main_process:
        return
    try:
        missing_files.require(
            [by_name(catalogue, name) for name in names],
            wanted_by=wanted_by,
            instead=instead,
            licences=config["licences"],
        )
    except MythmeterError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
