"""Distances of each sampled face to the person and to the performer."""

from collections.abc import Sequence
from dataclasses import dataclass

from mythmeter.faces.identity import Embedding
from mythmeter.quality.identity import IdentityRow, Reference, reference_of
from mythmeter.quality.observe import Sample


@dataclass(frozen=True)
class WhoseFace:
    """Distances of the sampled frames in which the footage shows a face, and both references."""

    frames: Sequence[int]
    rows: Sequence[IdentityRow]
    person: Reference
    performer: Reference | None


def whose_face(samples: Sequence[Sample], own: Reference) -> WhoseFace:
    """Compare every sampled face to the person, and to the performer as the footage shows them."""
    untouched = [s.untouched for s in samples if s.untouched is not None]
    if len(untouched) < 2:
        return WhoseFace([], [], own, None)
    performer = reference_of(untouched)
    usable = [sample for sample in samples if sample.footage_has_face]
    rows = [
        IdentityRow(
            person=_distance(own, sample.render),
            performer=_distance(performer, sample.render),
            untouched_person=_distance(own, sample.untouched),
            untouched_performer=_distance(performer, sample.untouched),
        )
        for sample in usable
    ]
    return WhoseFace([sample.frame for sample in usable], rows, own, performer)


def _distance(reference: Reference, embedding: Embedding | None) -> float | None:
    return None if embedding is None else reference.distance(embedding)
