"""Proof that a synthetic person is nobody: far from every real face that she was made from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import FaceError, ModelError
from mythmeter.faces.mesh import OVAL

SAME_PERSON: Final = 0.6
"""Distance under which dlib's authors call two faces one person (King 2017)."""
_FOREHEAD_SHARE: Final = 0.22
"""Part of the mesh's height above the box that dlib's own detector would draw."""

Embedding = NDArray[np.float64]


class Embedder:
    """dlib's face recognition network (ResNet-128).

    Raises:
        ModelError: a file is not what dlib expects.
    """

    def __init__(self, points: Path, network: Path) -> None:
        import dlib

        try:
            self._points = dlib.shape_predictor(str(points))
            self._network = dlib.face_recognition_model_v1(str(network))
        except RuntimeError as error:
            raise ModelError(f"dlib cannot load {points} and {network} ({error}).") from error
        self._rectangle = dlib.rectangle

    def embed(self, picture: NDArray[np.uint8], points: NDArray[Any]) -> Embedding:
        """Return the (128,) embedding of the face whose mesh (468, 2 or more) is given."""
        outline = points[list(OVAL), :2]
        (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
        top += _FOREHEAD_SHARE * (bottom - top)
        box = self._rectangle(*(round(float(edge)) for edge in (left, top, right, bottom)))
        picture = np.ascontiguousarray(picture)
        shape = self._points(picture, box)
        return np.asarray(self._network.compute_face_descriptor(picture, shape))


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
