"""What a synthetic person is made of, as her file says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """One sentence of the script, and the face that goes with it."""

    text: str
    smile: float = 0.0
    """Strength of the smile while it is said."""
    pause_s: float = 0.4
    """Silence after it."""
    pause_smile: float = 0.0
    """Strength of the smile in that silence."""


@dataclass(frozen=True)
class Recipe:
    """Everything that tells one synthetic person from another."""

    seed: int
    """Of all that is left to chance: skin, blinks, gaze, head motion."""
    size_px: int
    """Side of the square clip."""
    rate_hz: int
    shape: Mapping[str, float]
    """Targets of the head model and their weights."""
    skins: Mapping[str, float]
    """Skins of the library and their weights; see `assets`."""
    eyes: str
    hair: str
    brows: str
    lashes: str
    tints: Mapping[str, tuple[float, float, float]]
    """Factors on the library's colours: `skin`, `lips`, `hair`, `brows`, `lashes`."""
    portraits: Mapping[str, float]
    """How strongly the relief of each portrait's skin is used."""
    voice: Mapping[str, float]
    """Stock voices of the synthesiser and their weights."""
    speed: float
    lead_s: float
    """Silence before the first sentence."""
    script: tuple[Line, ...]


def read_recipe(entry: Mapping[str, Any]) -> Recipe:
    """Read the `synthetic` section of a person's file, which the schema has checked."""
    plain = {key: value for key, value in entry.items() if key not in ("script", "tints")}
    return Recipe(
        **plain,
        tints={name: (rgb[0], rgb[1], rgb[2]) for name, rgb in entry["tints"].items()},
        script=tuple(Line(**line) for line in entry["script"]),
    )
