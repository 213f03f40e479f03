"""The closed-form swapper: a linear texture model driven by kernel ridge regression.

An active appearance model (Cootes, Edwards, Taylor 1998) in the texture space of the face mesh. Its
codes are predicted from the performer's expression; the mouth, where a linear model blurs teeth, is
the best sequence of the person's own mouths. Fitting solves two linear systems; nothing iterates.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces import mesh
from mythmeter.faces.warp import texture_points, unwrap, warp
from mythmeter.media.long_rows import LongRows
from mythmeter.swap import features as expression_features
from mythmeter.swap.crops import Crop, points_of
from mythmeter.swap.features import Scaling, expression, lip_features
from mythmeter.swap.geometry import (
    UNSHIFTED,
    PersonShape,
    ShapeStatistics,
    head_turn,
    identity_shift,
)
from mythmeter.swap.path import follow_blocks
from mythmeter.swap.regression import Components, KernelRidge
from mythmeter.swap.smoothing import smooth_runs
from mythmeter.swap.swappers.base import Drawn, Settings
from mythmeter.swap.texture import carry_on, mouth_patch, upper_and_lower

RIDGE = 0.03
MOUTH_SMOOTHNESS = 0.5

_F = expression_features
REGIONS = {
    "upper": np.r_[_F.LIDS, _F.BROWS, _F.POSE, _F.EYE_VIEWS],
    "lower": np.r_[_F.LIPS, _F.MOUTH_VIEW],
}
"""Which features drive which region of the texture."""


@dataclass(frozen=True)
class Performance:
    """What is kept of a performer's crops: codes and choices, one row a crop."""

    shift: NDArray[np.float64]
    """(468, 2) from the performer's shape to the person's, in crop sides, head unturned."""
    codes: dict[str, NDArray[np.float32]]
    """Smoothed texture codes of each region, (n, k)."""
    mouths: NDArray[np.int32]
    """(n,) index of the person's mouth that is shown."""


@dataclass(frozen=True)
class RegionModel:
    """Texture of one region as a function of the expression."""

    components: Components
    ridge: KernelRidge


class ClosedForm:
    """One person's face. See the module."""

    name: ClassVar[str] = "closed_form"
    version: ClassVar[int] = 1

    def __init__(
        self,
        *,
        texture_px: int,
        shape: PersonShape,
        scaling: Scaling,
        features: NDArray[np.float32],
        following: NDArray[np.int32],
        mouths: NDArray[np.uint8],
        models: dict[str, RegionModel],
    ) -> None:
        self.texture_px = texture_px
        self.shape = shape
        self.scaling = scaling
        self.features = features
        self.following = following
        self.mouths = mouths
        self.models = models
        self._regions = dict(zip(REGIONS, upper_and_lower(texture_px), strict=True))
        self._patch = mouth_patch(texture_px)

    @classmethod
    def train(cls, crops: Iterable[Crop], settings: Settings) -> Self:
        """Learn a face; see `Swapper.train`."""
        seen = _Enrolment.of(crops, settings.texture_px)
        scaling = _F.own_scaling(seen.features)
        features = scaling(seen.features)
        models = {}
        for (name, columns), region in zip(
            REGIONS.items(), upper_and_lower(settings.texture_px), strict=True
        ):
            texels = seen.textures.reshape(len(features), -1, 3)[:, region.texels]
            samples = texels.reshape(len(features), -1).astype(np.float32)
            components, codes = Components.fit(samples, settings.components)
            ridge = KernelRidge.fit(features[:, columns], codes, ridge=RIDGE)
            models[name] = RegionModel(components, ridge)
        patch = mouth_patch(settings.texture_px)
        return cls(
            texture_px=settings.texture_px,
            shape=PersonShape.of(seen.shapes),
            scaling=scaling,
            features=features,
            following=seen.following,
            mouths=seen.textures[:, patch.rows, patch.columns].copy(),
            models=models,
        )

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that is known of the face."""
        tensors: dict[str, NDArray[Any]] = {
            "texture_px": np.array([self.texture_px], np.int32),
            "shape.mean": self.shape.mean,
            "shape.per_opening": self.shape.per_opening,
            "shape.openings": self.shape.openings,
            "scaling.centre": self.scaling.centre,
            "scaling.factor": self.scaling.factor,
            "features": self.features,
            "following": self.following,
            "mouths": self.mouths,
        }
        for name, model in self.models.items():
            tensors[f"{name}.mean"] = model.components.mean
            tensors[f"{name}.basis"] = model.components.basis
            tensors[f"{name}.weights"] = model.ridge.weights
            tensors[f"{name}.gamma"] = np.array([model.ridge.gamma], np.float64)
        return tensors

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Restore a face from its tensors."""
        features = tensors["features"]
        models = {
            name: RegionModel(
                Components(tensors[f"{name}.mean"], tensors[f"{name}.basis"]),
                KernelRidge(
                    features[:, columns],
                    tensors[f"{name}.weights"],
                    float(tensors[f"{name}.gamma"][0]),
                ),
            )
            for name, columns in REGIONS.items()
        }
        return cls(
            texture_px=int(tensors["texture_px"][0]),
            shape=PersonShape(
                *(tensors[f"shape.{n}"] for n in ("mean", "per_opening", "openings"))
            ),
            scaling=Scaling(tensors["scaling.centre"], tensors["scaling.factor"]),
            features=features,
            following=tensors["following"],
            mouths=tensors["mouths"],
            models=models,
        )

    def study(self, crops: Iterable[Crop], *, own: bool = False) -> Performance:
        """Read the expression of every crop, and choose codes and mouths for it."""
        shapes, frames = ShapeStatistics(), []
        features = LongRows((_F.FEATURES,), np.float32)
        for crop in crops:
            points = points_of(crop)
            shapes.add(points.astype(np.float64) / len(crop.picture))
            frames.append(crop.frame)
            features.append(expression(crop.picture, points))
        spread = self.features.std(axis=0)
        usual_lips = lip_features(self.shape.at_opening(float(shapes.openings.mean())))
        scaling = _F.performer_scaling(features, self.scaling, spread, usual_lips)

        def scaled() -> Iterator[NDArray[np.float32]]:
            return map(scaling, features.blocks())

        narrow = _F.Narrowing.of(scaled, spread)
        codes: dict[str, list[NDArray[np.float32]]] = {name: [] for name in self.models}
        for driving in map(narrow, scaled()):
            for name, model in self.models.items():
                codes[name].append(model.ridge.predict(driving[:, REGIONS[name]]))
        mouths = follow_blocks(
            _mouth_features(self.features),
            map(_mouth_features, scaled()),
            self.following,
            smoothness=MOUTH_SMOOTHNESS,
        )
        numbers = np.array(frames)
        smooth = {name: smooth_runs(np.concatenate(each), numbers) for name, each in codes.items()}
        shift = UNSHIFTED if own else identity_shift(self.shape, shapes)
        return Performance(shift, smooth, mouths)

    def draw(self, crops: Sequence[Crop], performance: Performance, row: int) -> list[Drawn]:
        """Draw the person's face over each crop; see `Swapper.draw`."""
        known = texture_points(self.texture_px)
        drawn = []
        textures = self._textures(performance, row, len(crops))
        for crop, texture in zip(crops, textures, strict=True):
            size = len(crop.picture)
            points = points_of(crop).astype(np.float64)
            points = points + performance.shift @ head_turn(points / size) * size
            picture, covered = warp(texture, known, points, size)
            drawn.append(Drawn(picture, covered, points.astype(np.float32)))
        return drawn

    def _textures(
        self, performance: Performance, row: int, count: int
    ) -> Iterator[NDArray[np.uint8]]:
        flat = np.zeros((count, self.texture_px**2, 3), np.float32)
        for name, model in self.models.items():
            region = self._regions[name]
            decoded = model.components.decode(performance.codes[name][row : row + count])
            shares = decoded.reshape(count, -1, 3) * region.weights[:, None]
            flat[:, region.texels] += shares
        textures = np.clip(flat + 0.5, 0, 255).astype(np.uint8)
        for number, texture in enumerate(textures.reshape(count, self.texture_px, -1, 3)):
            self._patch.lay(self.mouths[performance.mouths[row + number]], texture)
            carry_on(texture)
            yield texture


@dataclass(frozen=True)
class _Enrolment:
    """Crops of a person, unwrapped: (n, ...) of each."""

    textures: NDArray[np.uint8]
    features: NDArray[np.float32]
    shapes: ShapeStatistics
    following: NDArray[np.int32]

    @classmethod
    def of(cls, crops: Iterable[Crop], texture_px: int) -> Self:
        textures, features, frames, shapes = [], [], [], ShapeStatistics()
        for crop in crops:
            points = points_of(crop)
            textures.append(unwrap(crop.picture, points, texture_px)[0])
            features.append(expression(crop.picture, points))
            shapes.add(points.astype(np.float64) / len(crop.picture))
            frames.append(crop.frame)
        neighbours = np.diff(np.array(frames, np.int32)) == 1
        following = np.where(neighbours, np.arange(1, len(frames)), -1)
        return cls(
            np.stack(textures),
            np.stack(features),
            shapes,
            np.append(following, -1).astype(np.int32),
        )


def _mouth_features(scaled: NDArray[np.float32]) -> NDArray[np.float32]:
    """What decides which mouth is shown: shape, above all opening, then whether teeth show.

    A closed mouth stretched open shows smeared lips, so opening counts once more by itself: a
    percent of the crop's side weighs about as much as a shift of all lips by a percent.
    """
    lips = scaled[:, _F.LIPS] / _F.LIP_WEIGHT
    heights = lips[:, 1::2] * np.sqrt(len(mesh.LIPS))
    upper, lower = (mesh.LIPS.index(point) for point in (mesh.MOUTH_UPPER, mesh.MOUTH_LOWER))
    opening = heights[:, [lower]] - heights[:, [upper]]
    return np.concatenate([lips, opening, scaled[:, _F.MOUTH_VIEW]], axis=1)
