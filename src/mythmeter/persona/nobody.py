"""Proof that a synthetic person is nobody: far from every real face that she was made from."""

from collections.abc import Mapping

import numpy as np

from mythmeter.errors import FaceError
from mythmeter.faces.identity import SAME_PERSON, Embedding


def distances(person: Embedding, ingredients: Mapping[str, Embedding]) -> dict[str, float]:
    """Return the person's distance to each ingredient."""
    return {name: float(np.linalg.norm(person - other)) for name, other in ingredients.items()}


def require_nobody(person: str, found: Mapping[str, float], threshold: float = SAME_PERSON) -> None:
    """Refuse a person who could be taken for one of her ingredients.

    Raises:
        FaceError: a distance at or below the threshold.
    """
    for name, distance in found.items():
        if distance <= threshold:
            raise FaceError(
                f"{person} looks like the portrait {name}: their faces are {distance:.3f} apart, "
                f"and up to {threshold} counts as the same person. Lower `synthetic.portraits."
                f"{name}` in the file of {person}, or change the shape of the head."
            )
