"""A face-parsing model that the user supplies: which pixels of a crop are the face.

Any ONNX graph with one input (1, 3, h, w), normalised as ImageNet is, and a first output (1, 19,
h, w) whose channels are the classes of CelebAMask-HQ (Lee et al. 2020, arXiv:1907.11922), as
BiSeNet exports have. Glasses, hats and hair count as covering the face.
"""

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ModelError

CLASSES: Final = 19
FACE_CLASSES: Final = (1, 2, 3, 4, 5, 10, 11, 12, 13)
"""Skin, brows, eyes, nose, mouth and lips."""
SOFT_SHARE: Final = 0.012
_MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)
_STD: Final = np.array([0.229, 0.224, 0.225], np.float32)


class FaceParser:
    """Parses crops, one at a time."""

    def __init__(self, path: Path) -> None:
        """Load the model.

        Raises:
            ModelError: not an ONNX file, or not the graph that is described above.
        """
        import onnxruntime

        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(f"{path}: cannot be loaded as an ONNX model ({error}).") from error
        entry, result = self._session.get_inputs()[0], self._session.get_outputs()[0]
        sides = entry.shape[2:] if len(entry.shape) == 4 else []
        fits = len(sides) == 2 and entry.shape[1] == 3 and len(result.shape) == 4
        if not fits or result.shape[1] != CLASSES:
            raise ModelError(
                f"{path}: takes {entry.shape} and gives {result.shape}; a face-parsing model takes "
                f"[1, 3, h, w] and gives [1, {CLASSES}, h, w] (classes of CelebAMask-HQ)."
            )
        self._name = entry.name
        # A side that the graph leaves open is 512, as published.
        self._size = tuple(side if isinstance(side, int) else 512 for side in sides)

    def visible(self, crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (crop_px, crop_px) uint8 for an RGB crop: 255 on the face, 0 elsewhere."""
        height, width = self._size
        scaled = cv2.resize(crop, (width, height), interpolation=cv2.INTER_LINEAR)
        values = (scaled.astype(np.float32) / 255 - _MEAN) / _STD
        scores = self._session.run(None, {self._name: values.transpose(2, 0, 1)[None]})[0][0]
        face = np.isin(scores.argmax(axis=0), FACE_CLASSES).astype(np.uint8) * 255
        side = len(crop)
        mask = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
        soft: NDArray[np.uint8] = cv2.GaussianBlur(mask, (0, 0), max(SOFT_SHARE * side, 0.5))
        return soft
