"""The footage that renders are made into, as the configuration lists it."""

from collections.abc import Mapping
from typing import Any

from mythmeter.config.persons import Clip
from mythmeter.config.places import Origins, is_id
from mythmeter.errors import ConfigError


def load_footage(config: Mapping[str, Any], origins: Origins) -> dict[str, Clip]:
    """Return footage by name.

    Raises:
        ConfigError: a name that is no id, or a path that cannot be one.
    """
    clips = {}
    for name, entry in config["footage"].items():
        keys = ("footage", name)
        if not is_id(name):
            raise ConfigError(f"{origins.where(keys)}: footage {name!r} is not an id.")
        clips[name] = Clip(
            id=name,
            path=origins.path(config, *keys, "path"),
            licence=entry["licence"],
            source=entry.get("source", ""),
            record=origins.path(config, *keys, "record") if "record" in entry else None,
            face=_face(config, origins, name),
        )
    return clips


def _face(config: Mapping[str, Any], origins: Origins, name: str) -> Mapping[str, Any] | None:
    """Who is meant in a piece of footage, with the path of the picture resolved."""
    entry: Mapping[str, Any] | None = config["footage"][name].get("face")
    if entry is None or "picture" not in entry:
        return entry
    return {"picture": str(origins.path(config, "footage", name, "face", "picture"))}
