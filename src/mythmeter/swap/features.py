"""Expression of a face as numbers: lip shape, lids, brows, pose, and small views of eyes and mouth.

Shapes are percent of the crop's side after alignment. The views are sampled in texture space, so a
blink or teeth show in them even where the mesh misses them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces import mesh
from mythmeter.faces.warp import texture_points, warp
from mythmeter.media.long_rows import Blocks, LongRows, deviation_of, mean_of

Features = NDArray[np.float32] | LongRows
"""(n, FEATURES), in memory or on disk."""

VIEW_SIZE = (8, 12)
"""(height, width) of a view of one eye or of the mouth."""

_OVERSAMPLED = 3
_TEXTURE_PX = 128
_RINGS = (
    (mesh.EYE_RIGHT, 2.0, 3.0),
    (mesh.EYE_LEFT, 2.0, 3.0),
    (mesh.LIPS_OUTER, 2.0, 2.0),
)
"""Points of each view and its margins, x and y, in texels of a texture of 128."""

_VIEW = VIEW_SIZE[0] * VIEW_SIZE[1]
LIPS = slice(0, 2 * len(mesh.LIPS))
LIDS = slice(LIPS.stop, LIPS.stop + 2)
BROWS = slice(LIDS.stop, LIDS.stop + 4)
POSE = slice(BROWS.stop, BROWS.stop + 2)
EYE_VIEWS = slice(POSE.stop, POSE.stop + 2 * _VIEW)
MOUTH_VIEW = slice(EYE_VIEWS.stop, EYE_VIEWS.stop + _VIEW)
FEATURES = MOUTH_VIEW.stop
"""Length of a feature vector."""

LIP_WEIGHT = 0.6


def expression(
    picture: NDArray[np.uint8],
    points: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the (FEATURES,) features of one face.

    Args:
        picture: (crop_px, crop_px, 3) aligned crop.
        points: (468, 2) where the face is in the picture, in pixels.
    """
    features = np.empty(FEATURES, np.float32)
    percent = points.astype(np.float64) * (100.0 / len(picture))
    features[LIPS] = lip_features(percent / 100)
    features[LIDS] = _lid_openness(percent)
    features[BROWS] = percent[[70, 105, 300, 334], 1] - percent[[33, 133, 362, 263], 1]
    features[POSE] = _pose(percent)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    views = np.concatenate([_view(grey, points, box) for box in _BOXES])
    features[POSE.stop :] = views
    return features


def lip_features(shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the LIPS of a (468, 2) shape, or change of shape, in crop sides."""
    lips: NDArray[np.float64] = shape[list(mesh.LIPS)].ravel() * 100 / np.sqrt(len(mesh.LIPS))
    return lips


def _lid_openness(points: NDArray[np.float64]) -> list[float]:
    """Lid distance over eye width, right and left."""
    corners = ((159, 145, 33, 133), (386, 374, 362, 263))
    return [
        float(
            np.linalg.norm(points[upper] - points[lower])
            / np.linalg.norm(points[outer] - points[inner])
        )
        for upper, lower, outer, inner in corners
    ]


def _pose(points: NDArray[np.float64]) -> list[float]:
    """Turn and nod as seen: where the nose tip lies between the temples, and brow and chin."""
    width = np.linalg.norm(points[454] - points[234])
    tip = points[mesh.NOSE_TIP]
    turn = (tip[0] - (points[234, 0] + points[454, 0]) / 2) / width
    nod = (tip[1] - (points[168, 1] + points[mesh.CHIN, 1]) / 2) / width
    return [float(turn), float(nod)]


@dataclass(frozen=True)
class _Box:
    """Mesh points in the pixels of one oversampled view."""

    points: NDArray[np.float64]
    size: tuple[int, int]


def _box(ring: tuple[int, ...], margin_x: float, margin_y: float) -> _Box:
    texture = texture_points(_TEXTURE_PX)
    margin = np.array([margin_x, margin_y])
    low = texture[list(ring)].min(axis=0) - margin
    high = texture[list(ring)].max(axis=0) + margin
    height, width = VIEW_SIZE[0] * _OVERSAMPLED, VIEW_SIZE[1] * _OVERSAMPLED
    return _Box((texture - low) / (high - low) * [width - 1, height - 1], (height, width))


_BOXES = tuple(_box(*ring) for ring in _RINGS)


def _view(grey: NDArray[np.uint8], points: NDArray[np.float32], box: _Box) -> NDArray[np.float32]:
    """A view of one box without its own brightness: (96,) grey levels."""
    sampled, _ = warp(grey, points, box.points, box.size)
    small = cv2.resize(sampled, VIEW_SIZE[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    return (small - small.mean()).ravel()


@dataclass(frozen=True)
class Scaling:
    """What turns raw features into ones that compare between two faces."""

    centre: NDArray[np.float32]
    """(FEATURES,) subtracted."""
    factor: NDArray[np.float32]
    """(FEATURES,) multiplied."""

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale (n, FEATURES)."""
        scaled: NDArray[np.float32] = (features - self.centre) * self.factor
        return scaled


def own_scaling(features: Features) -> Scaling:
    """Scaling of the person whose (n, FEATURES) are known: weights of the kinds of features."""
    factor = np.empty(FEATURES, np.float32)
    factor[LIPS] = LIP_WEIGHT
    # Openness relative to that of the open eye; 10 gives a blink the weight of an open mouth.
    lids = np.concatenate([block[:, LIDS] for block in blocks_of(features)])
    factor[LIDS] = 0.6 * 10 / np.maximum(np.quantile(lids, 0.8, axis=0), 0.05)
    factor[BROWS] = 0.6 * 0.7
    factor[POSE] = 0.6 * 8
    spread = deviation_of(lambda: blocks_of(features))
    for part, weight in ((EYE_VIEWS, 0.25), (MOUTH_VIEW, 0.2)):
        factor[part] = weight / max(float(spread[part].mean()), 1.0)
    return Scaling(mean_of(lambda: blocks_of(features)), factor)


def blocks_of(features: Features) -> Iterable[NDArray[np.float32]]:
    """The rows, some at a time where they lie on disk."""
    return features.blocks() if isinstance(features, LongRows) else [features]


def performer_scaling(
    features: Features,
    person: Scaling,
    person_spread: NDArray[np.float32],
    usual_lips: NDArray[np.float64],
) -> Scaling:
    """Scaling of a performer: as the person's own, with the performer's centre and spread.

    Everything is relative to what is usual for the performer, and is spread as it is with the
    person, within a factor of two. Lips keep their spread.

    Args:
        features: (n, FEATURES) of the performer.
        person: scaling of the person.
        person_spread: (FEATURES,) standard deviations of the person's scaled features.
        usual_lips: LIPS of the person that correspond to the performer's mean.
    """
    own = own_scaling(features)
    spread = deviation_of(lambda: map(own, blocks_of(features)))
    ratio = np.clip(person_spread / (spread + 1e-3), 0.5, 2.0)
    ratio[LIPS] = 1.0
    centre = own.centre.copy()
    centre[LIPS] += person.centre[LIPS] - usual_lips
    return Scaling(centre, np.asarray(own.factor * ratio, np.float32))


@dataclass(frozen=True)
class Narrowing:
    """Lips that move no further than the person's usually do.

    A regression knows nothing of lips that it has never seen.
    """

    mean: NDArray[np.float32]
    ratio: float

    @classmethod
    def of(cls, scaled: Blocks, person_spread: NDArray[np.float32]) -> "Narrowing":
        """Measure how far the lips of scaled features (n, FEATURES) move."""

        def lips() -> Iterable[NDArray[np.float32]]:
            return (block[:, LIPS] for block in scaled())

        spread = np.sqrt(np.square(deviation_of(lips)).sum() + 1e-9)
        ratio = np.clip(np.sqrt(np.square(person_spread[LIPS]).sum()) / spread, 0.25, 1.0)
        return cls(mean_of(lips), ratio)

    def __call__(self, scaled: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scaled features (n, FEATURES) with their lips narrowed."""
        narrowed = scaled.copy()
        narrowed[:, LIPS] = self.mean + (scaled[:, LIPS] - self.mean) * self.ratio
        return narrowed
