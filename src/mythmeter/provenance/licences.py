"""Under which licences a render was made, and whether it may be used commercially.

The table knows the licences of the catalogue and common ones; any other is reported as not known,
never guessed. This reads licence names, it gives no legal advice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Commercial = Literal["yes", "no", "unknown"]

FORBIDDING = (
    r"non-?commercial",
    r"\bcc[- ]by[- ](nc|nd)",
    r"\b(cpml|coqui public)",
    r"research|academic|evaluation",
    r"all rights reserved",
)
PERMITTING = (
    r"apache([- ]2|\b)",
    r"mit\b",
    r"bsd\b",
    r"isc\b",
    r"cc0\b",
    r"cc[- ]by([- ]sa)?([- ]\d|$)",
    r"public domain",
    r"pexels",
    r"pixabay",
    r"unsplash",
    r"openrail",
)
"""Patterns at the start of a licence's name, in small letters."""


@dataclass(frozen=True)
class Part:
    """A model or a clip that went into a render."""

    name: str
    role: str
    """`model`, `footage`, `clip of the person`, `ingredient of the person` or `consent`."""
    licence: str
    commercial: Commercial
    source: str = ""


def commercial_use(licence: str) -> Commercial:
    """Say whether a licence allows commercial use, by its name."""
    name = licence.lower()
    if any(re.search(pattern, name) for pattern in FORBIDDING):
        return "no"
    if any(re.match(pattern, name) for pattern in PERMITTING):
        return "yes"
    return "unknown"


def model_parts(models: Iterable[Mapping[str, str]], role: str = "model") -> list[Part]:
    """Return the parts that the catalogue names."""
    return [
        Part(model["name"], role, model["licence"], commercial_use(model["licence"]))
        for model in models
    ]


def clip_parts(clips: Sequence[Mapping[str, str]]) -> list[Part]:
    """Return the parts of footage and of the person's clips.

    Args:
        clips: each with `id`, `role`, `licence` and `source`. A licence of `by consent record` is
            left to the record, which is a part of its own.
    """
    return [
        Part(
            clip["id"],
            clip["role"],
            clip["licence"],
            "yes" if clip["licence"] == "by consent record" else commercial_use(clip["licence"]),
            clip["source"],
        )
        for clip in clips
    ]


def consent_part(receipt: Mapping[str, Any]) -> Part:
    """Return what the consent record says: evaluation only, no distribution, or public."""
    kind, distribution = receipt["kind"], receipt["scope"].get("distribution", "private")
    says = f"{kind} record, distribution {distribution}"
    open_to_all = kind != "corpus-evaluation" and distribution == "public"
    return Part(receipt["record_id"], "consent", says, "yes" if open_to_all else "no")


def summary(parts: Sequence[Part]) -> dict[str, Any]:
    """Return `commercial_use`, one `line` that says it and why, and all `parts`."""
    against = [part for part in parts if part.commercial == "no"]
    unclear = [part for part in parts if part.commercial == "unknown"]
    decision: Commercial = "no" if against else "unknown" if unclear else "yes"
    if against:
        line = f"The result must not be used commercially: {_named(against)} forbids it."
    elif unclear:
        line = f"Not known whether the result may be used commercially: {_named(unclear)}."
    else:
        line = "By the licences of its parts, the result may be used commercially."
    return {"commercial_use": decision, "line": line, "parts": [asdict(part) for part in parts]}


def _named(parts: Sequence[Part]) -> str:
    return "; ".join(f"{part.role} {part.name} ({part.licence})" for part in parts)
