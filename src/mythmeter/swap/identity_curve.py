"""How near to the person a swap comes while it is trained, so that swappers compare by seconds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from mythmeter.faces.identity import Embedding, FaceEncoder
from mythmeter.swap.composite import finish
from mythmeter.swap.crops import Crop
from mythmeter.swap.dataset import Footage, PairFootage
from mythmeter.swap.swappers.base import PairSwapper

REFERENCE_FRAMES = 16
"""Of the person."""
DRAWN_FRAMES = 12
"""Of the performer."""


class IdentityCurve:
    """Draws some of the performer's frames with a half-trained network and asks whose face it is.

    Nothing that is trained depends on it, and nothing here is random.
    """

    def __init__(
        self, kind: type[PairSwapper], learner: Any, footage: PairFootage, encoder: FaceEncoder
    ) -> None:
        """Embed the person's own frames, spread over what is trained on."""
        self._kind, self._learner, self._encoder = kind, learner, encoder
        own = _spread(footage.person, REFERENCE_FRAMES)
        self._person: Embedding = np.mean([self._embed(c.picture, c.points) for c in own], axis=0)
        self._crops = _spread(footage.performer, DRAWN_FRAMES)

    def __call__(self, network: nn.Module) -> dict[str, float]:
        """Mean distance of the drawn frames to the person; see `faces.identity`."""
        face = self._kind.of(self._learner, network)
        drawn = face.draw(self._crops, face.study(self._crops), 0)
        distances = []
        for crop, one in zip(self._crops, drawn, strict=True):
            assert crop.points is not None
            picture = finish(crop.picture, crop.points, one)
            distances.append(np.linalg.norm(self._embed(picture, crop.points) - self._person))
        return {"identity_to_person": float(np.mean(distances))}

    def _embed(self, picture: NDArray[np.uint8], points: Any) -> Embedding:
        return self._encoder.embed(picture, points)


def _spread(footage: Footage, count: int) -> Sequence[Crop]:
    """Crops at even distances."""
    rows = np.unique(np.linspace(0, len(footage) - 1, count).round().astype(int))
    return [
        Crop(int(footage.frames[row]), footage.pictures[row], footage.points[row], None)
        for row in rows
    ]
