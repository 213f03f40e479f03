"""What swapper `trained` trains: two faces' textures behind one encoder of what faces do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mythmeter.errors import ModelError
from mythmeter.faces import mesh
from mythmeter.faces.mesh import TRIANGLES
from mythmeter.faces.warp import rasterise, texture_points, unwrap
from mythmeter.swap.augment import base_grid, relight, sample, warp_grid
from mythmeter.swap.dataset import Footage, PairFootage
from mythmeter.swap.learning.learner import Batch
from mythmeter.swap.networks import TextureFace, TextureNetwork, placed
from mythmeter.swap.presets import TextureSize
from mythmeter.swap.regression import Components

FEATURE_WEIGHT = 4.0
"""Weight of texels round eyes and mouth against those of skin."""
FEATURES = (mesh.EYE_RIGHT, mesh.EYE_LEFT, mesh.LIPS_OUTER)
WARP = 0.03
TEXTURE_LOSS = 0.1
EDGE_LOSS = 0.05
MASK_LOSS = 0.1
LOOK = 32
"""Frames that are drawn together where nothing is learnt."""
SHOWN = 6
"""Frames in a preview."""


@dataclass(frozen=True)
class Textures:
    """A face's frames in texture space, on the device."""

    levels: Tensor
    """(n, px, px, 3) uint8."""
    small: Tensor
    """(n, 3, encoder_px, encoder_px) uint8: what the encoder reads."""
    visible: Tensor
    """(n, px, px) bool: texels of triangles that face the camera."""


class TextureLayout:
    """Where the mesh lies in a texture, and how much each texel matters."""

    def __init__(self, texture_px: int) -> None:
        self.px = texture_px
        points = texture_points(texture_px)
        self.triangle = rasterise(points, TRIANGLES, texture_px)
        self.mesh = self.triangle >= 0
        self.boxes = [_box(points[list(ring)], texture_px) for ring in FEATURES]
        weight = np.ones((texture_px, texture_px), np.float32)
        for rows, columns in self.boxes:
            weight[rows, columns] = FEATURE_WEIGHT
        weight = cv2.GaussianBlur(weight, (0, 0), texture_px / 72) * self.mesh
        self.weight = (weight / weight.mean()).astype(np.float32)

    def textures(self, footage: Footage, encoder_px: int, device: torch.device) -> Textures:
        """Unwrap all frames of a face."""
        levels, small, visible = [], [], []
        for picture, points in zip(footage.pictures, footage.points, strict=True):
            texture = unwrap(picture, points, self.px)[0]
            levels.append(texture)
            small.append(encoder_view(texture, encoder_px))
            visible.append(facing(points)[self.triangle] & self.mesh)
        return Textures(
            torch.from_numpy(np.stack(levels)).to(device),
            torch.from_numpy(np.stack(small)).to(device),
            torch.from_numpy(np.stack(visible)).to(device),
        )


def encoder_view(texture: NDArray[np.uint8], encoder_px: int) -> NDArray[np.uint8]:
    """(3, encoder_px, encoder_px) of a texture: what the encoder reads."""
    small = cv2.resize(texture, (encoder_px, encoder_px), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small.transpose(2, 0, 1))


def facing(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(triangles,) whether each triangle of (468, 2) points faces the camera."""
    a, b, c = (points[TRIANGLES[:, corner]].astype(np.float64) for corner in range(3))
    twice_area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    return np.asarray(twice_area < 0)


class TextureLearner:
    """Network and footage of a pair; see `mythmeter.swap.learning.learner.Learner`."""

    def __init__(self, footage: PairFootage, size: TextureSize, device: torch.device) -> None:
        self.size, self.device, self.footage = size, device, footage
        self.layout = TextureLayout(size.texture_px)
        self.person, self.performer, self.held_out = (
            self.layout.textures(f, size.encoder_px, device)
            for f in (footage.person, footage.performer, footage.held_out)
        )
        sides = (self.person, self.performer)
        components = [self._components(side) for side in sides]
        counts = tuple(len(codes[0]) for _, _, codes in components)
        self.network = placed(TextureNetwork(size, counts), device)
        self.codes: list[Tensor] = []
        for face, side, (mean, basis, codes) in zip(
            self.network.faces, sides, components, strict=True
        ):
            assert isinstance(face, TextureFace)
            scale = float(codes[:, 0].std()) + 1e-6
            face.mean.copy_(torch.from_numpy(mean))
            face.basis.copy_(torch.from_numpy(basis))
            face.scale.fill_(scale)
            face.input_mean.copy_(side.small.float().mean(0))
            self.codes.append(torch.from_numpy(codes / scale).to(device))
        self._grid = base_grid(size.encoder_px, device)
        self._weight = torch.from_numpy(self.layout.weight).to(device)

    def _components(self, side: Textures) -> tuple[NDArray[np.float32], ...]:
        """Mean, basis and codes of a face's textures; eyes and mouth count more."""
        samples = side.levels.cpu().numpy().astype(np.float32)
        root = np.sqrt(self.layout.weight)[..., None]
        weighted = (samples * root).reshape(len(samples), -1)
        components, codes = Components.fit(weighted, self.size.components)
        back = np.where(root > 0, 1 / np.maximum(root, 1e-6), 0).repeat(3, axis=2).ravel()
        return components.mean * back, components.basis * back, codes

    def warm_start(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Begin with the encoder of another pair."""
        load_encoder(self.network.encoder, tensors)

    def batch(self, samples: int, generator: torch.Generator) -> Batch:
        """Augmented inputs, and what should come out."""
        drawn: list[dict[str, Tensor]] = []
        for number, side in enumerate((self.person, self.performer)):
            face = self.network.faces[number]
            assert isinstance(face, TextureFace)
            rows = torch.randint(
                len(side.small), (samples,), generator=generator, device=self.device
            )
            grid = warp_grid(self._grid.expand(samples, -1, -1, -1), WARP, generator)
            seen = relight(sample(face.encoder_input(side.small[rows]), grid), generator)
            drawn.append(
                {
                    "seen": seen,
                    "codes": F.pad(
                        self.codes[number][rows],
                        (0, self.size.components - self.codes[number].shape[1]),
                    ),
                    "levels": side.levels[rows],
                    "visible": side.visible[rows],
                }
            )
        return {name: torch.stack([d[name] for d in drawn], 1) for name in drawn[0]}

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Codes, textures with their edges, and masks."""
        assert isinstance(network, TextureNetwork)
        samples = len(batch["seen"])
        seen = batch["seen"].flatten(0, 1).contiguous(memory_format=torch.channels_last)
        code = network.encoder(seen).view(samples, 2, -1)
        total = code.new_zeros(())
        for number, face in enumerate(network.faces):
            assert isinstance(face, TextureFace)
            known = batch["codes"][:, number, : face.basis.shape[0]]
            apart = face.head(code[:, number]).float() - known
            total = total + apart.square().sum(1).mean()
            levels, logits = face.draw(code[:, number])
            visible = batch["visible"][:, number]
            mask = torch.sigmoid(logits.float())
            total = total + MASK_LOSS * (mask - visible.float()).abs().mean()
            error = levels.float() - batch["levels"][:, number]
            error = error * (self._weight * visible)[..., None]
            across = (error[:, :, 1:] - error[:, :, :-1]).abs().mean()
            down = (error[:, 1:] - error[:, :-1]).abs().mean()
            total = total + TEXTURE_LOSS * error.abs().mean() + EDGE_LOSS * (across + down)
        return total

    @torch.no_grad()
    def _drawn(self, network: nn.Module, side: Textures) -> Tensor:
        """(n, px, px, 3) levels of the person's texture for frames of the person."""
        assert isinstance(network, TextureNetwork)
        face = network.faces[0]
        assert isinstance(face, TextureFace)
        return torch.cat(
            [
                face.draw(network.encoder(face.encoder_input(small)))[0].clamp(0, 255)
                for small in side.small.split(LOOK)
            ]
        )

    def held_out_error(self, network: nn.Module) -> float:
        """Mean weighted difference of held-out textures, in levels of 255."""
        apart = self._drawn(network, self.held_out) - self.held_out.levels
        return float((apart.abs().mean(3) * self._weight).mean())

    def expression_error(self, network: nn.Module) -> dict[str, float | None]:
        """Error of eyes and mouth on the frames trained on and on those held out."""
        return {
            "trained_on": self._box_error(network, self.person),
            "held_out": self._box_error(network, self.held_out),
        }

    def _box_error(self, network: nn.Module, side: Textures) -> float:
        drawn, real = self._drawn(network, side), side.levels.float()
        squared = []
        for rows, columns in self.layout.boxes:
            apart = drawn[:, rows, columns] - real[:, rows, columns]
            apart = apart - apart.mean(dim=(1, 2), keepdim=True)
            squared.append((apart - apart.mean(dim=0)).square().mean())
        return float(torch.stack(squared).mean().sqrt())

    @torch.no_grad()
    def preview(self, network: nn.Module) -> NDArray[np.uint8]:
        """Held-out textures and their reconstructions; the performer's, and the person for them."""
        assert isinstance(network, TextureNetwork)
        rows = []
        for number, side in ((0, self.held_out), (1, self.performer)):
            picked = torch.linspace(0, len(side.small) - 1, SHOWN).round().long()
            reader, face = network.faces[number], network.faces[0]
            assert isinstance(reader, TextureFace) and isinstance(face, TextureFace)
            code = network.encoder(reader.encoder_input(side.small[picked]))
            for levels in (side.levels[picked].float(), face.draw(code)[0].clamp(0, 255)):
                pictures = (levels + 0.5).to(torch.uint8).cpu().numpy()
                rows.append(np.concatenate(list(pictures), axis=1))
        return np.concatenate(rows)


def load_encoder(encoder: nn.Module, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Copy the encoder of a saved model.

    Raises:
        ModelError: the model has none of this size.
    """
    for name, value in encoder.named_parameters():
        known = tensors.get(f"encoder.{name}")
        if known is None or tuple(known.shape) != tuple(value.shape):
            found = "none" if known is None else "x".join(map(str, known.shape))
            raise ModelError(
                f"swap.warm_start: its encoder does not fit: {name} is {found} and must be "
                f"{'x'.join(map(str, value.shape))}. Give a model of the same swapper and preset."
            )
        with torch.no_grad():
            value.copy_(torch.from_numpy(known))


def _box(points: NDArray[np.float64], texture_px: int) -> tuple[slice, slice]:
    """Rows and columns round points of the texture, with a margin."""
    margin = texture_px * np.array([3.0, 4.0]) / 144
    low = np.maximum(points.min(axis=0) - margin, 0).astype(int)
    high = (points.max(axis=0) + margin).astype(int) + 1
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
