"""The trained swapper: an encoder shared by two faces, and one face's textures, in texture space.

The network reads what the performer does from her texture without its mean, and draws the person's
texture for it: principal components by a linear head, what they leave out by a small decoder.
Geometry and finish are those of the closed form.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mythmeter.faces.warp import texture_points, unwrap, warp
from mythmeter.swap.crops import Crop, points_of
from mythmeter.swap.dataset import PairFootage
from mythmeter.swap.geometry import (
    UNSHIFTED,
    PersonShape,
    ShapeStatistics,
    head_turn,
    identity_shift,
)
from mythmeter.swap.learning.schedule import Schedule
from mythmeter.swap.networks import INPUT_SPREAD, TextureEncoder, TextureFace
from mythmeter.swap.presets import TEXTURE_PRESETS, TextureSize
from mythmeter.swap.smoothing import smooth_runs
from mythmeter.swap.swappers.base import Drawn
from mythmeter.swap.texture import carry_on
from mythmeter.swap.texture_learner import TextureLearner, encoder_view

READ_TOGETHER = 16
"""Frames that the encoder reads together."""


@dataclass(frozen=True)
class Performance:
    """What is kept of a performer's crops."""

    shift: NDArray[np.float64]
    """(468, 2) from the performer's shape to the person's, in crop sides, head unturned."""
    codes: NDArray[np.float32]
    """(n, code) what the face does, smoothed."""


class Trained:
    """One person's face, and how to read one performer. See the module."""

    name: ClassVar[str] = "trained"
    version: ClassVar[int] = 1

    def __init__(
        self,
        *,
        size: TextureSize,
        shape: PersonShape,
        encoder: TextureEncoder,
        face: TextureFace,
        performer_mean: torch.Tensor,
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.size, self.shape = size, shape
        self.encoder, self.face = encoder.to(self.device).eval(), face.to(self.device).eval()
        self.performer_mean = performer_mean.to(self.device)

    @classmethod
    def schedule(cls, preset: str) -> Schedule:
        """How long a preset trains."""
        return TEXTURE_PRESETS[preset][0]

    @classmethod
    def learner(cls, footage: PairFootage, preset: str, device: torch.device) -> TextureLearner:
        """Prepare a network and its footage."""
        return TextureLearner(footage, TEXTURE_PRESETS[preset][1], device)

    @classmethod
    def of(cls, learner: TextureLearner, network: nn.Module) -> Self:
        """The person's face of a trained network."""
        shapes = ShapeStatistics()
        person = learner.footage.person
        for points in person.points:
            shapes.add(points.astype(np.float64) / person.pictures.shape[1])
        encoder, faces = network.encoder, network.faces
        assert isinstance(encoder, TextureEncoder) and isinstance(faces, nn.ModuleList)
        face, performer = faces
        assert isinstance(face, TextureFace) and isinstance(performer, TextureFace)
        return cls(
            size=learner.size,
            shape=PersonShape.of(shapes),
            encoder=encoder,
            face=face,
            performer_mean=performer.input_mean,
        )

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that is known of the face, and the encoder."""
        size = self.size
        numbers = (size.texture_px, size.encoder_px, size.width, size.code, size.components)
        tensors: dict[str, NDArray[Any]] = {
            "size": np.array([*numbers, *size.detail], np.int32),
            "shape.mean": self.shape.mean,
            "shape.per_opening": self.shape.per_opening,
            "shape.openings": self.shape.openings,
            "performer_mean": self.performer_mean.cpu().numpy(),
        }
        for prefix, module in (("encoder", self.encoder), ("face", self.face)):
            for name, value in module.state_dict().items():
                tensors[f"{prefix}.{name}"] = value.detach().cpu().contiguous().numpy()
        return tensors

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Restore a face from its tensors."""
        texture_px, encoder_px, width, code, components, *detail = tensors["size"].tolist()
        size = TextureSize(texture_px, encoder_px, width, code, components, tuple(detail))
        encoder = TextureEncoder(size)
        face = TextureFace(size, len(tensors["face.basis"]))
        for prefix, module in (("encoder.", encoder), ("face.", face)):
            module.load_state_dict(
                {
                    name.removeprefix(prefix): torch.from_numpy(value)
                    for name, value in tensors.items()
                    if name.startswith(prefix)
                }
            )
        return cls(
            size=size,
            shape=PersonShape(
                *(tensors[f"shape.{n}"] for n in ("mean", "per_opening", "openings"))
            ),
            encoder=encoder,
            face=face,
            performer_mean=torch.from_numpy(tensors["performer_mean"]),
        )

    @torch.inference_mode()
    def study(self, crops: Iterable[Crop], *, own: bool = False) -> Performance:
        """Read what the performer does in every crop."""
        shapes, frames, codes = ShapeStatistics(), [], []
        waiting: list[NDArray[np.uint8]] = []
        for crop in crops:
            points = points_of(crop)
            shapes.add(points.astype(np.float64) / len(crop.picture))
            frames.append(crop.frame)
            texture = unwrap(crop.picture, points, self.size.texture_px)[0]
            waiting.append(encoder_view(texture, self.size.encoder_px))
            if len(waiting) == READ_TOGETHER:
                codes.append(self._read(waiting))
                waiting = []
        if waiting:
            codes.append(self._read(waiting))
        smooth = smooth_runs(np.concatenate(codes), np.array(frames))
        shift = UNSHIFTED if own else identity_shift(self.shape, shapes)
        return Performance(shift, smooth)

    def _read(self, views: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        seen = torch.from_numpy(np.stack(views)).to(self.device).float() - self.performer_mean
        code: NDArray[np.float32] = self.encoder(seen / INPUT_SPREAD).cpu().numpy()
        return code

    @torch.inference_mode()
    def draw(self, crops: Sequence[Crop], performance: Performance, row: int) -> list[Drawn]:
        """Draw the person's face over each crop; see `Swapper.draw`."""
        if not crops:
            return []
        code = torch.from_numpy(performance.codes[row : row + len(crops)]).to(self.device)
        levels, logits = self.face.draw(code)
        seen = (levels.clamp(0, 255) + 0.5).to(torch.uint8).cpu().numpy()
        shown = 255 * (logits > 0).to(torch.uint8).cpu().numpy()
        textures = np.concatenate([seen, shown[..., None]], axis=3)
        known = texture_points(self.size.texture_px)
        drawn = []
        for crop, texture in zip(crops, textures, strict=True):
            side = len(crop.picture)
            points = points_of(crop).astype(np.float64)
            points = points + performance.shift @ head_turn(points / side) * side
            carry_on(texture)
            picture, covered = warp(texture, known, points, side)
            covered &= picture[..., 3] > 127
            face = np.ascontiguousarray(picture[..., :3])
            drawn.append(Drawn(face, covered, points.astype(np.float32)))
        return drawn
