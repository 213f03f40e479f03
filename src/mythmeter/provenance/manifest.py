"""The C2PA manifest of a render: what was done to what, by which models, with whose consent.

Source: C2PA technical specification 2.x; assertions of our own carry the prefix `org.mythmeter.`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from mythmeter import __version__
from mythmeter.models.fetch import sha256_of
from mythmeter.provenance.source_types import CLONED_SPEECH, FACE_SWAP, source_type_uri

CONSENT: Final = "org.mythmeter.consent"
LABEL: Final = "org.mythmeter.label"
MODELS: Final = "org.mythmeter.models"
SOFTWARE: Final = "org.mythmeter.software"
SOURCES: Final = "org.mythmeter.sources"
RENDER: Final = "org.mythmeter.render"
CERTIFICATE: Final = "org.mythmeter.certificate"
WATERMARKS: Final = "org.mythmeter.watermarks"
LICENCES: Final = "org.mythmeter.licences"

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
}


@dataclass(frozen=True)
class Ingredient:
    """A file that the render was made from."""

    name: str
    """Short name, unique in the manifest: `target`, `face 1`, `voice 1`, `speech`."""
    path: Path
    relationship: str
    """`parentOf` for the footage that was changed, `componentOf` for what was put into it."""

    @property
    def media_type(self) -> str:
        """Media type by the suffix."""
        return MEDIA_TYPES[self.path.suffix]


@dataclass(frozen=True)
class Statement:
    """What the manifest says besides its ingredients."""

    title: str
    consent: Mapping[str, Any]
    """Record id, kind and sha256 of the consent record."""
    label: Mapping[str, Any]
    """Text, position and size of the label in every picture, or `off_reason`."""
    watermarks: Mapping[str, Any]
    """Method and payload of the marks in pictures and sound."""
    licences: Mapping[str, Any]
    """Every model and clip with its licence, and whether commercial use is allowed."""
    models: Sequence[Mapping[str, str]]
    software: Sequence[Mapping[str, str]]
    certificate: str
    """What kind of certificate signs."""
    rate: Fraction
    frames: int


def ingredients(
    target: Path, faces: Sequence[Path], voices: Sequence[Path], speech: Path
) -> list[Ingredient]:
    """List what a render is made from, each file once."""
    listed = [Ingredient("target", target, "parentOf")]
    listed += [Ingredient(f"face {n}", path, "componentOf") for n, path in enumerate(faces, 1)]
    listed += [Ingredient(f"voice {n}", path, "componentOf") for n, path in enumerate(voices, 1)]
    return [*listed, Ingredient("speech", speech, "componentOf")]


def video_manifest(statement: Statement, parts: Sequence[Ingredient]) -> dict[str, Any]:
    """Return the definition of a render's manifest, for `c2pa.Builder`.

    The footage is opened, its face replaced, speech of a cloned voice laid under it, and the speech
    watermarked. Digital source types are those of the IPTC.
    """
    faces = [part.name for part in parts if part.name.startswith("face")]
    actions: list[dict[str, Any]] = [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": ["target"]}},
        {
            "action": "c2pa.edited",
            "description": "The performer's face was replaced and its lips were synchronised.",
            "digitalSourceType": source_type_uri(FACE_SWAP),
            "parameters": {"ingredientIds": faces},
        },
        {
            "action": "c2pa.placed",
            "description": "Speech of a cloned voice became the sound.",
            "digitalSourceType": source_type_uri(CLONED_SPEECH),
            "parameters": {"ingredientIds": ["speech"]},
        },
        {
            "action": "c2pa.watermarked.unbound",
            "description": "The speech carries an inaudible Perth watermark.",
        },
        {
            "action": "c2pa.watermarked.unbound",
            "description": "Every picture carries an invisible watermark of 32 bits.",
        },
    ]
    sources = [
        {"name": part.name, "relationship": part.relationship, "sha256": sha256_of(part.path)}
        for part in parts
    ]
    label = statement.label.get("text")
    if label:
        actions.append({"action": "c2pa.edited", "description": f'Visible label: "{label}".'})
    return _definition(statement, actions, sources)


def poster_manifest(statement: Statement) -> dict[str, Any]:
    """Return the definition of the poster's manifest: one picture out of the render."""
    actions: list[dict[str, Any]] = [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": ["render"]}},
        {
            "action": "c2pa.edited",
            "description": "One picture of the render was kept.",
            "digitalSourceType": source_type_uri(FACE_SWAP),
        },
    ]
    return _definition(statement, actions, [])


def _definition(
    statement: Statement, actions: list[dict[str, Any]], sources: list[dict[str, str]]
) -> dict[str, Any]:
    own: dict[str, Any] = {
        CONSENT: dict(statement.consent),
        LABEL: dict(statement.label),
        WATERMARKS: dict(statement.watermarks),
        LICENCES: dict(statement.licences),
        CERTIFICATE: {"text": statement.certificate},
        MODELS: {"models": [dict(model) for model in statement.models]},
        SOFTWARE: {"packages": [dict(package) for package in statement.software]},
        RENDER: {"frames": statement.frames, "rate": _written(statement.rate)},
    }
    if sources:
        own[SOURCES] = {"files": sources}
    assertions = [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]
    assertions += [{"label": label, "data": data} for label, data in own.items()]
    return {
        "claim_generator_info": [{"name": "Mythmeter", "version": __version__}],
        "title": statement.title,
        "assertions": assertions,
    }


def _written(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}"
