"""The classic swapper of 2017 to 2019: square crops, one encoder, a decoder for each face.

It is here because the question is whether it is still needed. Geometry is whatever the decoder
draws; the finish is that of the other swappers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mythmeter.swap.crop_learner import CropLearner
from mythmeter.swap.crops import Crop, points_of
from mythmeter.swap.dataset import PairFootage
from mythmeter.swap.learning.schedule import Schedule
from mythmeter.swap.networks import CropAutoencoder, CropDecoder, CropEncoder, placed
from mythmeter.swap.presets import CROP_PRESETS, CropSize
from mythmeter.swap.swappers.base import Drawn


class Autoencoder:
    """One person's decoder, and the encoder. See the module."""

    name: ClassVar[str] = "autoencoder"
    version: ClassVar[int] = 1

    def __init__(self, *, size: CropSize, encoder: CropEncoder, decoder: CropDecoder) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.size = size
        self.encoder = placed(encoder, self.device).eval()
        self.decoder = placed(decoder, self.device).eval()

    @classmethod
    def schedule(cls, preset: str) -> Schedule:
        """How long a preset trains."""
        return CROP_PRESETS[preset][0]

    @classmethod
    def learner(cls, footage: PairFootage, preset: str, device: torch.device) -> CropLearner:
        """Prepare a network and its footage."""
        return CropLearner(footage, CROP_PRESETS[preset][1], device)

    @classmethod
    def of(cls, learner: CropLearner, network: nn.Module) -> Self:
        """The person's decoder of a trained network."""
        assert isinstance(network, CropAutoencoder)
        decoder = network.decoders[0]
        assert isinstance(decoder, CropDecoder)
        return cls(size=learner.size, encoder=network.encoder, decoder=decoder)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Encoder and decoder."""
        size = self.size
        tensors: dict[str, NDArray[Any]] = {
            "size": np.array([size.crop_px, size.code, size.bottom], np.int32),
            "size.encoder": np.array(size.encoder, np.int32),
            "size.decoder": np.array(size.decoder, np.int32),
        }
        for prefix, module in (("encoder", self.encoder), ("decoder", self.decoder)):
            for name, value in module.state_dict().items():
                tensors[f"{prefix}.{name}"] = value.detach().cpu().contiguous().numpy()
        return tensors

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Restore a face from its tensors."""
        crop_px, code, bottom = tensors["size"].tolist()
        widths = (tuple(tensors[f"size.{part}"].tolist()) for part in ("encoder", "decoder"))
        encoder_widths, decoder_widths = widths
        size = CropSize(crop_px, encoder_widths, code, bottom, decoder_widths)
        encoder, decoder = CropEncoder(size), CropDecoder(size)
        for prefix, module in (("encoder.", encoder), ("decoder.", decoder)):
            module.load_state_dict(
                {
                    name.removeprefix(prefix): torch.from_numpy(value)
                    for name, value in tensors.items()
                    if name.startswith(prefix)
                }
            )
        return cls(size=size, encoder=encoder, decoder=decoder)

    def study(self, crops: Iterable[Crop], *, own: bool = False) -> None:
        """Nothing is learnt from the performance as a whole."""
        for _ in crops:
            pass

    @torch.inference_mode()
    def draw(self, crops: Sequence[Crop], performance: None, row: int) -> list[Drawn]:
        """Draw the person's face over each crop; see `Swapper.draw`."""
        if not crops:
            return []
        px = self.size.crop_px
        small = [cv2.resize(c.picture, (px, px), interpolation=cv2.INTER_AREA) for c in crops]
        seen = torch.from_numpy(np.stack(small)).to(self.device).permute(0, 3, 1, 2).float() / 255
        decoded = self.decoder(self.encoder(seen)).permute(0, 2, 3, 1).cpu().numpy()
        drawn = []
        for crop, picture in zip(crops, decoded, strict=True):
            side = len(crop.picture)
            large = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
            levels = np.clip(large[..., :3] * 255 + 0.5, 0, 255).astype(np.uint8)
            drawn.append(Drawn(levels, large[..., 3] > 0.5, points_of(crop)))
        return drawn
