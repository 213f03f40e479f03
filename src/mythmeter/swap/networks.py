"""Networks of the trained swappers: one encoder for both faces, a head or decoder for each."""

from itertools import pairwise
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mythmeter.swap.presets import CropSize, TextureSize

M = TypeVar("M", bound=nn.Module)

SLOPE = 0.1

INPUT_SPREAD = 40.0
"""Levels of 255 that count as one for the encoder."""
DETAIL_LEVELS = 16.0
"""Levels of 255 that an output of one adds to a texture."""
MASK_BIAS = 3.0
"""Logit of a mask whose decoder says nothing: visible."""


def placed(network: M, device: torch.device) -> M:
    """Put a network on a device, its convolutions in the channels-last format."""
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


class _Narrow(nn.Sequential):
    """Convolution, each pixel's channels brought to one length, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1), _PixelNorm(), nn.LeakyReLU(SLOPE)
        )


class _PixelNorm(nn.Module):
    """Divide by the root mean square over channels (Karras et al. 2018, arXiv:1710.10196)."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.float().square().mean(1, keepdim=True) + 1e-6).to(x.dtype)


class _Doubled(nn.Sequential):
    """Twice the side: convolution, then sub-pixel shuffle (Shi et al. 2016, arXiv:1609.05158)."""

    def __init__(self, inputs: int, outputs: int, *, norm: bool) -> None:
        layers: list[nn.Module] = [nn.Conv2d(inputs, outputs * 4, 3, 1, 1)]
        layers += [_PixelNorm()] if norm else []
        super().__init__(*layers, nn.LeakyReLU(SLOPE), nn.PixelShuffle(2))


class TextureEncoder(nn.Module):
    """Small textures without their own mean (n, 3, px, px) to codes (n, code) of what faces do."""

    def __init__(self, size: TextureSize) -> None:
        super().__init__()
        w = size.width
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            _Narrow(12, w),
            _Narrow(w, 2 * w, 2),
            _Narrow(2 * w, 3 * w, 2),
            _Narrow(3 * w, 4 * w, 2),
        )
        self.code = nn.Linear(4 * w * (size.encoder_px // 16) ** 2, size.code)

    def forward(self, x: Tensor) -> Tensor:
        """Return the codes, of mean 0 and variance 1."""
        code = self.code(self.layers(x).flatten(1)).float()
        return F.layer_norm(code, (code.shape[1],))


class DetailDecoder(nn.Module):
    """What components leave out: codes to a residual and a mask, (n, 4, px, px). Starts at zero."""

    def __init__(self, size: TextureSize) -> None:
        super().__init__()
        self.bottom_px = size.texture_px // 16
        first, *rest = size.detail
        self.first = nn.Linear(size.code, first * self.bottom_px**2)
        widths = [first, *rest]
        self.layers = nn.Sequential(*(_Doubled(a, b, norm=False) for a, b in pairwise(widths)))
        self.last = nn.Conv2d(widths[-1], 16, 3, 1, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, code: Tensor) -> Tensor:
        """Return residual and mask before scaling."""
        bottom = F.leaky_relu(self.first(code), SLOPE)
        bottom = bottom.view(len(code), -1, self.bottom_px, self.bottom_px)
        bottom = bottom.contiguous(memory_format=torch.channels_last)
        return F.pixel_shuffle(self.last(self.layers(bottom)), 2)


class TextureFace(nn.Module):
    """How one face looks: a linear head onto components of its texture, and a decoder of detail.

    Textures are (px, px, 3) in levels of 255. Buffers: their `mean` (px·px·3,) and `basis`
    (k, px·px·3), `scale` of the head's outputs, `input_mean` (3, px, px) of what is read.
    """

    mean: Tensor
    basis: Tensor
    scale: Tensor
    input_mean: Tensor

    def __init__(self, size: TextureSize, count: int) -> None:
        super().__init__()
        self.px = size.texture_px
        self.head = nn.Linear(size.code, count)
        self.detail = DetailDecoder(size)
        values = 3 * size.texture_px**2
        self.register_buffer("mean", torch.zeros(values))
        self.register_buffer("basis", torch.zeros(count, values))
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("input_mean", torch.zeros(3, size.encoder_px, size.encoder_px))

    def encoder_input(self, small: Tensor) -> Tensor:
        """Levels (n, 3, px, px) as the encoder wants them: without this face's mean."""
        return (small.float() - self.input_mean) / INPUT_SPREAD

    def draw(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Textures of codes: levels (n, px, px, 3), and logits of what is visible (n, px, px)."""
        linear = self.mean + (self.head(code) * self.scale) @ self.basis
        detail = self.detail(code).permute(0, 2, 3, 1)
        levels = linear.view(len(code), self.px, self.px, 3) + DETAIL_LEVELS * detail[..., :3]
        return levels, detail[..., 3] + MASK_BIAS


class TextureNetwork(nn.Module):
    """One encoder of what faces do, and how each of the two faces looks."""

    def __init__(self, size: TextureSize, counts: tuple[int, ...]) -> None:
        super().__init__()
        self.encoder = TextureEncoder(size)
        self.faces = nn.ModuleList(TextureFace(size, count) for count in counts)


class CropEncoder(nn.Module):
    """Crops (n, 3, px, px) to what the decoders start from, (n, bottom, px/2^k, px/2^k)."""

    def __init__(self, size: CropSize) -> None:
        super().__init__()
        widths = (3, *size.encoder)
        self.layers = nn.Sequential(
            *(
                layer
                for a, b in pairwise(widths)
                for layer in (nn.Conv2d(a, b, 5, 2, 2), nn.LeakyReLU(SLOPE))
            )
        )
        self.side = size.crop_px >> len(size.encoder)
        flat = size.encoder[-1] * self.side**2
        # Where the decoders have a layer less than the encoder, the first doubling is shared.
        self.shared = len(size.decoder) < len(size.encoder)
        inner = size.encoder[-1] if self.shared else size.bottom
        self.code = nn.Sequential(
            nn.Linear(flat, size.code), nn.Linear(size.code, inner * self.side**2)
        )
        self.up = _Doubled(inner, size.bottom, norm=False) if self.shared else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return what both decoders start from."""
        code = self.code(self.layers(x).flatten(1))
        bottom = code.view(len(x), -1, self.side, self.side)
        raised: Tensor = self.up(bottom.contiguous(memory_format=torch.channels_last))
        return raised


class CropDecoder(nn.Module):
    """One face: (n, bottom, side, side) to RGB, and a mask where wanted, in 0..1."""

    def __init__(self, size: CropSize, channels: int = 4) -> None:
        super().__init__()
        widths = (size.bottom, *size.decoder)
        self.layers = nn.Sequential(
            *(_Doubled(a, b, norm=False) for a, b in pairwise(widths)),
            nn.Conv2d(widths[-1], channels, 5, 1, 2),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the picture."""
        return torch.sigmoid(self.layers(x).float())


class CropAutoencoder(nn.Module):
    """The classic of 2017: one encoder learns what faces do, a decoder each how they look.

    With (128, 256, 512, 1024), code 1024, bottom 512 and (256, 128, 64) at 64 pixels it has the
    topology that was published as `deepfakes`.
    """

    def __init__(self, size: CropSize, channels: int = 4) -> None:
        super().__init__()
        self.encoder = CropEncoder(size)
        self.decoders = nn.ModuleList(CropDecoder(size, channels) for _ in range(2))

    def forward(self, person: Tensor, performer: Tensor) -> tuple[Tensor, Tensor]:
        """Each face through its own decoder; the encoder sees both at once."""
        both = self.encoder(torch.cat([person, performer]))
        return self.decoders[0](both[: len(person)]), self.decoders[1](both[len(person) :])
