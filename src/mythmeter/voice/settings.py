"""The settings of a synthesiser beyond what all of them share. Light: rules read it."""

from collections.abc import Mapping
from typing import Any

ELSEWHERE = ("checkpoint",)
"""Keys that name files: those are inputs of the rules, not settings."""


def settings_of(synthesiser: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that `load_synthesiser` passes on, from the whole config."""
    if synthesiser != "xtts":
        return {}
    own = {key: value for key, value in config["voice"]["xtts"].items() if key not in ELSEWHERE}
    return {**own, "licences": list(config["licences"])}
