"""Augmentation on the device: pictures as (n, channels, height, width) floats.

Everything random is drawn from the generator that is given, so that a step can be repeated.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def base_grid(size_px: int, device: torch.device) -> Tensor:
    """(1, size_px, size_px, 2) where `grid_sample` finds each pixel itself."""
    line = (torch.arange(size_px, device=device) + 0.5) / size_px * 2 - 1
    return torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)[None]


def smooth_noise(
    count: int, channels: int, cells: int, size_px: int, generator: torch.Generator
) -> Tensor:
    """(count, channels, size_px, size_px) normal noise that varies over `cells` cells."""
    coarse = torch.randn(
        count, channels, cells, cells, generator=generator, device=generator.device
    )
    return F.interpolate(coarse, size=(size_px, size_px), mode="bicubic", align_corners=True)


def warp_grid(grid: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Bend a sampling grid (n, h, w, 2) by smooth noise of that standard deviation."""
    shift = smooth_noise(len(grid), 2, 5, grid.shape[1], generator)
    return grid + strength * shift.permute(0, 2, 3, 1)


def moved_grid(count: int, base: Tensor, generator: torch.Generator) -> Tensor:
    """(count, h, w, 2) grids of faces a little turned, scaled, shifted; half mirrored."""
    device = base.device
    drawn = torch.rand(count, 4, generator=generator, device=device) * 2 - 1
    angle, zoom = drawn[:, 0] * 0.17, 1 + drawn[:, 1] * 0.05
    mirror = torch.rand(count, generator=generator, device=device).round() * 2 - 1
    cosine, sine = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    rows = torch.stack(
        [cosine * mirror, -sine, drawn[:, 2] * 0.05, sine * mirror, cosine, drawn[:, 3] * 0.05], 1
    ).view(count, 2, 3)
    return base @ rows[:, :, :2].transpose(1, 2)[:, None] + rows[:, :, 2][:, None, None]


def sample(pictures: Tensor, grid: Tensor) -> Tensor:
    """Sample pictures at a grid, bilinearly, borders repeated."""
    return F.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="border", align_corners=False
    )


def relight(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Change contrast, colour and light of pictures whose values spread by about 1."""
    count, size_px = len(pictures), pictures.shape[-1]
    device = pictures.device

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, 1, 1, generator=generator, device=device)

    light = smooth_noise(count, 1, 3, size_px, generator)
    grain = torch.randn(pictures.shape, generator=generator, device=device)
    return pictures * (1 + 0.15 * normal(1)) + 0.15 * normal(3) + 0.3 * light + 0.08 * grain
