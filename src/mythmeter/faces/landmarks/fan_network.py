"""The face alignment network on a processor, without what its forward pass does for nothing.

The topology and the weights' names are those of face-alignment 1.5.0 (BSD-3-Clause; Bulat and
Tzimiropoulos 2017, ICCV, "How far are we from solving the 2D & 3D face alignment problem?"). Its
own module loads the file, strictly; the weights are then laid out anew. What changes is rounding:

* pictures are channels-last; 3×3 convolutions from 16 pixels on are Winograd's, 1×1 ones matrix
  products;
* batch norms are folded into what comes before or after them;
* heatmaps of the stacks before the last are not drawn: their way back into the features is one
  matrix with that of the features;
* residual sums and rectifiers are done while a convolution writes.

On a GPU the library's own module runs, channels-last: cuDNN does most of this.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from mythmeter.errors import ModelError
from mythmeter.faces.compiled import compiled
from mythmeter.faces.landmarks.winograd import TILE, Convolution

POINTS: Final = 68
CROP_PX: Final = 256
HEATMAP_PX: Final = 64
WINOGRAD_FROM_PX: Final = 16
"""Below this side a picture has too few tiles to repay the larger kernels."""

Array = NDArray[np.float32]
Affine = tuple[torch.Tensor, torch.Tensor]


def load_network(path: Path) -> nn.Module:
    """Load the library's module from its weights; the number of stacks is read from the file.

    Raises:
        ModelError: the file is no such checkpoint.
    """
    from face_alignment.models import FAN

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        stacks = sum(name.startswith("conv_last") and name.endswith(".weight") for name in state)
        network: nn.Module = FAN(stacks)
        network.load_state_dict(state)
    except Exception as error:  # torch.load raises half a dozen unrelated types
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"{path}: is not a checkpoint of the face alignment network ({first}). It wants the "
            "state dict of face-alignment's 2DFAN-4, file 2DFAN4-11f355bf06.pth.tar."
        ) from error
    return network.eval().requires_grad_(False)


class ProcessorNetwork:
    """The last stack's heatmaps of a batch of crops."""

    def __init__(self, network: Any) -> None:
        """Lay out the weights of the library's module."""
        weight, bias = _folded(network.conv1.weight, network.conv1.bias, network.bn1)
        self._first = weight.contiguous(memory_format=torch.channels_last), bias
        self._entry = _Block(network.conv2, 128)
        self._base = [_Block(network.conv3, 64), _Block(network.conv4, 64)]
        parts, stacks = dict(network.named_children()), network.num_modules
        self._stacks = [_Stack(parts, number) for number in range(stacks)]
        self._mixes = [_mix(parts, number) for number in range(stacks - 1)]
        head = parts[f"l{stacks - 1}"]
        self._head = head.weight.flatten(1).t().contiguous(), head.bias

    @torch.inference_mode()
    def __call__(self, crops: Array) -> Array:
        """Return (n, 64, 64, 68) heatmaps of (n, 256, 256, 3) crops in 0..1."""
        # A channels-last view: nothing is moved.
        picture = torch.from_numpy(crops).permute(0, 3, 1, 2)
        weight, bias = self._first
        picture = F.relu_(F.conv2d(picture, weight, bias, stride=2, padding=3))
        features = _halved(self._entry(picture.permute(0, 2, 3, 1).numpy()))
        for block in self._base:
            features = block(features)
        for number, stack in enumerate(self._stacks):
            flat = stack(features)
            if number == len(self._mixes):
                break
            mix, shift = self._mixes[number]
            before = torch.from_numpy(features).view(-1, features.shape[-1])
            mixed = torch.addmm(before, flat, mix).add_(shift)
            features = mixed.view(features.shape).numpy()
        weight, bias = self._head
        heatmaps: Array = torch.addmm(bias, flat, weight).view(*features.shape[:3], -1).numpy()
        return heatmaps


class _Block:
    """Three 3×3 convolutions whose outputs lie side by side, plus a residual."""

    def __init__(self, block: Any, side_px: int) -> None:
        before = [_affine(norm) for norm in (block.bn1, block.bn2, block.bn3)]
        kernels = [c.weight for c in (block.conv1, block.conv2, block.conv3)]
        kind = Convolution if side_px >= WINOGRAD_FROM_PX else _DirectConvolution
        self._convolutions = [
            kind(kernel, *affine) for kernel, affine in zip(kernels, before, strict=True)
        ]
        self._down: tuple[Array, Array, torch.Tensor] | None = None
        if block.downsample is not None:
            scale, shift = _affine(block.downsample[0])
            weight = block.downsample[2].weight.flatten(1).t().contiguous()
            self._down = scale.numpy(), shift.numpy(), weight

    def __call__(self, picture: Array) -> Array:
        residual = self._residual(picture)
        total = np.empty_like(residual)
        offset = 0
        for convolution in self._convolutions:
            picture = convolution(picture, residual, total, offset)
            offset += convolution.channels
        return total

    def _residual(self, picture: Array) -> Array:
        if self._down is None:
            return picture
        scale, shift, weight = self._down
        rectified = torch.from_numpy(_rectified(picture, scale, shift))
        product = rectified.view(-1, rectified.shape[-1]) @ weight
        residual: Array = product.view(*picture.shape[:3], -1).numpy()
        return residual


class _DirectConvolution:
    """The same as `winograd.Convolution`, by the library's convolution."""

    def __init__(self, weight: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> None:
        self._weight = weight.contiguous(memory_format=torch.channels_last)
        self._scale, self._shift = scale.numpy(), shift.numpy()
        self.channels = weight.shape[0]

    def __call__(self, picture: Array, residual: Array, total: Array, offset: int) -> Array:
        rectified = torch.from_numpy(_rectified(picture, self._scale, self._shift))
        result = F.conv2d(rectified.permute(0, 3, 1, 2), self._weight, padding=1)
        own: Array = result.permute(0, 2, 3, 1).numpy()
        here = slice(offset, offset + self.channels)
        np.add(own, residual[..., here], out=total[..., here])
        return own


class _Stack:
    """An hourglass, one more block, and a 1×1 convolution with its norm and rectifier."""

    def __init__(self, parts: dict[str, Any], number: int) -> None:
        self._blocks = {}
        for name, block in parts[f"m{number}"].named_children():
            level = int(name[-1])
            side_px = HEATMAP_PX >> (4 - level)
            self._blocks[name] = _Block(block, side_px if name.startswith("b1_") else side_px // 2)
        self._top = _Block(parts[f"top_m_{number}"], HEATMAP_PX)
        last, norm = parts[f"conv_last{number}"], parts[f"bn_end{number}"]
        weight, self._shift = _folded(last.weight.flatten(1), last.bias, norm)
        self._weight = weight.t().contiguous()

    def __call__(self, features: Array) -> torch.Tensor:
        """Return (n · 64 · 64, 256) of (n, 64, 64, 256)."""
        top = torch.from_numpy(self._top(self._hourglass(4, features)))
        return F.relu_((top.view(-1, top.shape[-1]) @ self._weight).add_(self._shift))

    def _hourglass(self, level: int, features: Array) -> Array:
        upper = self._blocks[f"b1_{level}"](features)
        lower = self._blocks[f"b2_{level}"](_halved(features))
        inner = self._blocks["b2_plus_1"]
        lower = self._hourglass(level - 1, lower) if level > 1 else inner(lower)
        lower = self._blocks[f"b3_{level}"](lower)
        _add_doubled(lower, upper)
        return upper


def _affine(norm: Any) -> Affine:
    """A batch norm as scale and shift, each (channels,)."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def _folded(weight: torch.Tensor, bias: torch.Tensor, norm: Any) -> Affine:
    """A convolution with the norm that follows it: weight and bias."""
    scale, shift = _affine(norm)
    return weight * scale.view(-1, *[1] * (weight.dim() - 1)), bias * scale + shift


def _mix(parts: dict[str, Any], number: int) -> Affine:
    """What a stack adds to its input: features, and heatmaps made of the same features."""
    back, heat, heat_back = (parts[f"{name}{number}"] for name in ("bl", "l", "al"))
    first, second = heat.weight.flatten(1).double(), heat_back.weight.flatten(1).double()
    weight = back.weight.flatten(1).double() + second @ first
    shift = back.bias.double() + heat_back.bias.double() + second @ heat.bias.double()
    return weight.float().t().contiguous(), shift.float()


def _halved(picture: Array) -> Array:
    """Means of 2×2 pixels."""
    tensor = torch.from_numpy(picture).permute(0, 3, 1, 2)
    halved: Array = F.avg_pool2d(tensor, 2, stride=2).permute(0, 2, 3, 1).numpy()
    return halved


def _rectified(picture: Array, scale: Array, shift: Array) -> Array:
    result = np.empty_like(picture)
    channels = picture.shape[-1]
    _rectify(picture.reshape(-1, channels), scale, shift, result.reshape(-1, channels))
    return result


def _rectify_rows(rows: Any, scale: Any, shift: Any, result: Any) -> None:
    for row in range(rows.shape[0]):
        source, target = rows[row], result[row]
        for c in range(rows.shape[1]):
            target[c] = max(source[c] * scale[c] + shift[c], np.float32(0))


def _add_doubled_rows(small: Any, large: Any) -> None:
    """Add each pixel of (n, h, w, c) to 2×2 pixels of (n, 2h, 2w, c), in place."""
    for number in range(large.shape[0]):
        for y in range(large.shape[1]):
            for x in range(large.shape[2]):
                source, target = small[number, y // 2, x // 2], large[number, y, x]
                for c in range(large.shape[3]):
                    target[c] += source[c]


_rectify = compiled(_rectify_rows)
_add_doubled = compiled(_add_doubled_rows)

assert WINOGRAD_FROM_PX % TILE == 0
