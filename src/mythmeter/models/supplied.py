"""Files that only the user can supply: asked for before any work is done."""

from collections.abc import Collection, Sequence
from pathlib import Path

from mythmeter.errors import ModelError
from mythmeter.models.catalogue import Asset

IN_PLACE = Path("resources/models")
"""Where rule `fetch_model` has put what it already found."""


def require(
    assets: Sequence[Asset], *, wanted_by: str, instead: str, licences: Collection[str]
) -> None:
    """Raise unless every licence is accepted, and every file without a package is there.

    Args:
        assets: what a backend needs.
        wanted_by: the setting that asks for it, for the message.
        instead: a setting that runs today.
        licences: accepted by name in the configuration.

    Raises:
        ModelError: a file is missing, or its licence is not accepted.
    """
    for asset in assets:
        if asset.accept and asset.accept not in licences:
            raise ModelError(
                f"{wanted_by} uses {asset.file} ({asset.purpose}), whose licence you have not "
                f"accepted: {asset.licence}. If you may use it, write `licences: [{asset.accept}]` "
                f"in the configuration. Without it: {instead}."
            )
        folders = [Path(s.name) for s in asset.sources if s.kind == "folder"]
        if len(folders) < len(asset.sources):
            continue
        if not any((folder / asset.file).is_file() for folder in (*folders, IN_PLACE)):
            raise ModelError(
                f"{wanted_by} needs {asset.file} ({asset.purpose}), which no package registry has. "
                f"Put the file with sha256 {asset.sha256} into {' or '.join(map(str, folders))}/. "
                f"Its licence: {asset.licence}. Without it: {instead}."
            )
