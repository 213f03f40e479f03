"""Whose face a picture shows: dlib's ResNet embedding, which no swapper of this package uses.

It maps a face to 128 values; its author calls two pictures the same person below a distance of 0.6
(King 2017, dlib's `dnn_face_recognition_ex`; weights CC0).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ModelError
from mythmeter.faces.mesh import OVAL
from mythmeter.media.decode import Frame

Embedding = NDArray[np.float64]
"""(128,) values of one face."""

SAME_PERSON = 0.6
"""Distance under which two pictures show the same person."""

FOREHEAD_SHARE = 0.22
"""Part of the mesh's height above the box that dlib's detector would draw."""


class FaceEncoder:
    """dlib's face recognition network, aligned by its own five points."""

    def __init__(self, points: Path, network: Path) -> None:
        """Load the assets `dlib_points` and `dlib_face`.

        Raises:
            ModelError: a file is not what dlib expects.
        """
        import dlib

        try:
            self._points = dlib.shape_predictor(str(points))
            self._network = dlib.face_recognition_model_v1(str(network))
        except RuntimeError as error:
            raise ModelError(f"dlib cannot load {points} and {network} ({error}).") from error
        self._rectangle = dlib.rectangle

    def embed(self, frame: Frame, points: NDArray[Any]) -> Embedding:
        """Return the embedding of the face whose mesh (468, 2 or more) is given in frame pixels."""
        outline = points[list(OVAL), :2]
        (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
        top += FOREHEAD_SHARE * (bottom - top)
        box = self._rectangle(*(round(float(edge)) for edge in (left, top, right, bottom)))
        picture = np.ascontiguousarray(frame)
        shape = self._points(picture, box)
        return np.asarray(self._network.compute_face_descriptor(picture, shape))
