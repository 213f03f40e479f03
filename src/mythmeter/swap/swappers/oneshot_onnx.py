"""A one-shot swapper that the user supplies, of inswapper's class: crop and identity in, crop out.

Nothing is trained. A recognition model (ArcFace; Deng et al. 2019, CVPR) embeds the person; the
swapper's graph takes that identity and an aligned crop of the performer. Both are ONNX files of the
user's, under their licences. As published for inswapper_128: five points are brought to ArcFace's
template by a similarity; pictures are RGB in 0..1 (recognition: -1..1); the identity is the
embedding times the 512 × 512 matrix that the graph carries as its last initialiser, at length 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ConfigError, ModelError
from mythmeter.faces import mesh
from mythmeter.faces.align import Matrix, cut, invert, similarity
from mythmeter.swap.crops import Crop
from mythmeter.swap.swappers.base import Drawn, Equipment, Settings
from mythmeter.swap.swappers.onnx_graph import Graph

TEMPLATE: Final = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
"""Eye on the picture's left, on its right, nose tip, corners of the mouth, in 112 × 112 pixels."""
RECOGNITION_PX: Final = 112
SWAP_PX: Final = 128
SWAP_TEMPLATE: Final = TEMPLATE + [8.0, 0.0]
"""ArcFace's template for a side of 128: the same size, moved to the middle."""
EMBEDDING: Final = 512
BATCH: Final = 16
BORDER_PX: Final = 3
"""Rim of the crop that is not trusted."""


class OneshotOnnx:
    """One person's face as an embedding, and the graphs that make and use it."""

    name: ClassVar[str] = "oneshot_onnx"
    version: ClassVar[int] = 1

    def __init__(self, embedding: NDArray[np.float32]) -> None:
        """Take the person's embedding, (512,) of length 1."""
        self.embedding = embedding
        self._graph: Graph | None = None
        self._batch = 1

    @classmethod
    def train(cls, crops: Iterable[Crop], settings: Settings) -> Self:
        """Embed the person: the mean direction over the crops.

        Raises:
            ConfigError: the settings name no recognition model.
            ModelError: the file is not one.
            DeviceError: the provider did not load.
        """
        graph = _open(settings.equipment, "recognition")
        side = RECOGNITION_PX
        graph.require({None: (None, 3, side, side)}, (None, EMBEDDING), "recognition model")
        name = graph.inputs[0]
        batch = BATCH if graph.takes_batches(name) else 1
        total, stream = np.zeros(EMBEDDING), iter(crops)
        while some := list(islice(stream, batch)):
            seen = [cut(c.picture, _alignment(c, TEMPLATE), side) for c in some]
            embedded = graph(name, _blob(seen) * 2 - 1).astype(np.float64)
            total += (embedded / np.linalg.norm(embedded, axis=1, keepdims=True)).sum(axis=0)
        return cls(_unit(total))

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Restore a face from its tensors."""
        return cls(tensors["embedding"])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that is known of the face."""
        return {"embedding": self.embedding}

    def equip(self, equipment: Equipment) -> None:
        """Load the swapper's graph.

        Raises:
            ModelError: the file is no swapper of this kind.
            DeviceError: the provider did not load.
        """
        graph = _open(equipment, "swapper")
        picture = (None, 3, SWAP_PX, SWAP_PX)
        graph.require({"target": picture, "source": (1, EMBEDDING)}, picture, "one-shot swapper")
        self._batch = BATCH if graph.takes_batches("target") else 1
        identity = _unit(self.embedding.astype(np.float64) @ identity_matrix(graph.path))
        graph.keep("source", identity[None])
        self._graph = graph
        print(f"{graph.path.name} on {equipment.provider}, {self._batch} crops at a time")

    def study(self, crops: Iterable[Crop], *, own: bool = False) -> None:
        """Need nothing: each crop is swapped by itself."""

    def draw(self, crops: Sequence[Crop], performance: None, row: int) -> list[Drawn]:
        """Swap some crops; see `Swapper.draw`."""
        drawn: list[Drawn] = []
        for first in range(0, len(crops), self._batch):
            drawn += self._swap(crops[first : first + self._batch])
        return drawn

    def _swap(self, crops: Sequence[Crop]) -> list[Drawn]:
        if self._graph is None:
            raise ConfigError(f"{self.name} draws nothing without its graph: equip it first.")
        matrices = [_alignment(crop, SWAP_TEMPLATE) for crop in crops]
        seen = [cut(c.picture, m, SWAP_PX) for c, m in zip(crops, matrices, strict=True)]
        swapped = np.clip(self._graph("target", _blob(seen)), 0, 1).transpose(0, 2, 3, 1)
        pictures = (swapped * 255 + 0.5).astype(np.uint8)
        return [
            _put_back(crop, matrix, picture)
            for crop, matrix, picture in zip(crops, matrices, pictures, strict=True)
        ]


def identity_matrix(path: Path) -> NDArray[np.float64]:
    """Read the (512, 512) matrix that turns an embedding into the graph's identity.

    Raises:
        ModelError: the last initialiser of the graph is something else.
    """
    import onnx

    initialisers = onnx.load(str(path)).graph.initializer
    shape = tuple(initialisers[-1].dims) if initialisers else ()
    if shape != (EMBEDDING, EMBEDDING):
        raise ModelError(
            f"{path}: carries no identity matrix: its last initialiser must be 512 × 512 and is "
            f"{' × '.join(map(str, shape)) or 'missing'}. Tools that simplify or convert a graph "
            "may drop it; use the file as published."
        )
    return np.asarray(onnx.numpy_helper.to_array(initialisers[-1]), np.float64)


def five_points(points: NDArray[Any]) -> NDArray[np.float64]:
    """Return ArcFace's five points (5, 2) of (468, 2 or 3) mesh points."""
    seen = np.asarray(points, np.float64)[:, :2]
    eyes = [seen[list(ring)].mean(axis=0) for ring in (mesh.EYE_RIGHT, mesh.EYE_LEFT)]
    others = seen[[mesh.NOSE_TIP, mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT]]
    return np.stack([*eyes, *others])


def _open(equipment: Equipment | None, role: str) -> Graph:
    if equipment is None or role not in equipment.files:
        raise ConfigError(f"{OneshotOnnx.name} needs a file: swap.oneshot.{role} names none.")
    return Graph(equipment.files[role], equipment.provider)


def _alignment(crop: Crop, template: NDArray[np.float64]) -> Matrix:
    if crop.points is None:
        raise ValueError(f"frame {crop.frame} has no face: swappers take faces only")
    return similarity(five_points(crop.points), template)


def _blob(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(n, 3, h, w) in 0..1."""
    stacked = np.stack(pictures).transpose(0, 3, 1, 2)
    return np.asarray(stacked, np.float32) / np.float32(255)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = np.asarray(vector / np.linalg.norm(vector), np.float32)
    return unit


def _put_back(crop: Crop, matrix: Matrix, picture: NDArray[np.uint8]) -> Drawn:
    side = len(crop.picture)
    trusted = np.zeros((SWAP_PX, SWAP_PX), np.uint8)
    trusted[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] = 255
    back = invert(matrix)
    drawn = cv2.warpAffine(
        picture, back, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    covered = cv2.warpAffine(trusted, back, (side, side), flags=cv2.INTER_LINEAR) > 127
    points = np.asarray(crop.points, np.float32)
    return Drawn(np.asarray(drawn, np.uint8), np.asarray(covered, np.bool_), points)
