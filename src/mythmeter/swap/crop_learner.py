"""What swapper `autoencoder` trains: two faces' square crops behind one encoder."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mythmeter.faces import mesh
from mythmeter.faces.mask import face_mask
from mythmeter.swap.augment import base_grid, moved_grid, sample, warp_grid
from mythmeter.swap.dataset import Footage, PairFootage
from mythmeter.swap.learning.learner import Batch
from mythmeter.swap.networks import CropAutoencoder, placed
from mythmeter.swap.presets import CropSize
from mythmeter.swap.texture_learner import load_encoder

WARP = 0.05
LOOK = 32
SHOWN = 6
FEATURES = (mesh.EYE_RIGHT, mesh.EYE_LEFT, mesh.LIPS_OUTER)
MARGIN = 0.02
"""Round eyes and mouth, over the side of a crop."""


class CropLearner:
    """Network and footage of a pair; see `mythmeter.swap.learning.learner.Learner`."""

    def __init__(self, footage: PairFootage, size: CropSize, device: torch.device) -> None:
        self.size, self.device, self.footage = size, device, footage
        self.person, self.performer, self.held_out = (
            small_crops(f, size.crop_px).to(device)
            for f in (footage.person, footage.performer, footage.held_out)
        )
        self.network = placed(CropAutoencoder(size), device)
        self._grid = base_grid(size.crop_px, device)

    def warm_start(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Begin with the encoder of another pair."""
        load_encoder(self.network.encoder, tensors)

    def batch(self, samples: int, generator: torch.Generator) -> Batch:
        """Crops turned, scaled, shifted and mirrored; those that are read are bent as well."""
        seen, wanted = [], []
        for side in (self.person, self.performer):
            rows = torch.randint(len(side), (samples,), generator=generator, device=self.device)
            pictures = side[rows].float() / 255
            grid = moved_grid(samples, self._grid, generator)
            wanted.append(sample(pictures, grid))
            seen.append(sample(pictures[:, :3], warp_grid(grid, WARP, generator)))
        return {"seen": torch.stack(seen, 1), "wanted": torch.stack(wanted, 1)}

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Mean absolute error of colours and mask, both faces added: the classic loss."""
        sides = [
            batch["seen"][:, k].contiguous(memory_format=torch.channels_last) for k in range(2)
        ]
        total = batch["wanted"].new_zeros(())
        for number, drawn in enumerate(network(*sides)):
            total = total + (drawn - batch["wanted"][:, number]).abs().mean()
        return total

    @torch.no_grad()
    def _drawn(self, network: nn.Module, side: Tensor) -> Tensor:
        """(n, 4, px, px) the person's face and mask, 0..1, for crops of anybody."""
        assert isinstance(network, CropAutoencoder)
        return torch.cat(
            [
                network.decoders[0](network.encoder(crops[:, :3].float() / 255))
                for crops in side.split(LOOK)
            ]
        )

    def held_out_error(self, network: nn.Module) -> float:
        """Mean absolute difference inside the mask of held-out crops, in levels of 255."""
        mask = self.held_out[:, 3:].float() / 255
        apart = (self._drawn(network, self.held_out)[:, :3] * 255) - self.held_out[:, :3].float()
        return float((apart.abs() * mask).sum() / mask.sum() / 3)

    def expression_error(self, network: nn.Module) -> dict[str, float | None]:
        """Error of eyes and mouth on the frames trained on and on those held out."""
        return {
            "trained_on": self._box_error(network, self.person, self.footage.person),
            "held_out": self._box_error(network, self.held_out, self.footage.held_out),
        }

    def _box_error(self, network: nn.Module, side: Tensor, footage: Footage) -> float:
        apart = self._drawn(network, side)[:, :3] * 255 - side[:, :3].float()
        shape = footage.points.mean(axis=0) * (self.size.crop_px / footage.pictures.shape[1])
        squared = []
        for ring in FEATURES:
            low = np.maximum(shape[list(ring)].min(axis=0) - MARGIN * self.size.crop_px, 0)
            high = shape[list(ring)].max(axis=0) + MARGIN * self.size.crop_px
            rows, columns = (slice(int(low[k]), int(high[k]) + 1) for k in (1, 0))
            box = apart[:, :, rows, columns]
            box = box - box.mean(dim=(2, 3), keepdim=True)
            squared.append((box - box.mean(dim=0)).square().mean())
        return float(torch.stack(squared).mean().sqrt())

    def preview(self, network: nn.Module) -> NDArray[np.uint8]:
        """Held-out crops and their reconstructions; the performer's, and the person for them."""
        rows = []
        for side in (self.held_out, self.performer):
            picked = side[torch.linspace(0, len(side) - 1, SHOWN).round().long()]
            drawn = (self._drawn(network, picked)[:, :3] * 255 + 0.5).to(torch.uint8)
            for pictures in (picked[:, :3], drawn):
                rows.append(np.concatenate(list(pictures.permute(0, 2, 3, 1).cpu().numpy()), 1))
        return np.concatenate(rows)


def small_crops(footage: Footage, crop_px: int) -> Tensor:
    """(n, 4, crop_px, crop_px) uint8: colours and the mask of the face."""
    rows = []
    for picture, points in zip(footage.pictures, footage.points, strict=True):
        mask = face_mask(points, len(picture), erode=0.0) * 255
        four = np.concatenate([picture, (mask + 0.5).astype(np.uint8)[..., None]], axis=2)
        rows.append(cv2.resize(four, (crop_px, crop_px), interpolation=cv2.INTER_AREA))
    return torch.from_numpy(np.stack(rows).transpose(0, 3, 1, 2).copy())
