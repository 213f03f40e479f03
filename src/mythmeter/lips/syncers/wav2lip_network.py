"""The network of Wav2Lip, from a face whose lower half is masked and 0.2 s of sound to a face.

Prajwal, Mukhopadhyay, Namboodiri and Jawahar 2020, ACM Multimedia, "A Lip Sync Expert Is All You
Need for Speech to Lip Generation In the Wild" (arXiv:2008.10010): an encoder of the face, one of
the sound, and a decoder that is given the face encoder's features of its own resolution. Names and
shapes of the weights are those of the published checkpoints; the code is our own.

`FastNetwork` computes the same with batch norms folded into the convolutions, pictures
channels-last, and no rows of the face that the mouth does not need.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import nn

from mythmeter.errors import ModelError

FACE_PX: Final = 96
MEL_BANDS: Final = 80
MEL_STEPS: Final = 16

FACE_STAGES: Final = ((32, 2), (64, 3), (128, 2), (256, 2), (512, 1))
"""Channels, and residual convolutions, of each halving of the face."""
SOUND_STAGES: Final = ((32, 1, 2), (64, (3, 1), 2), (128, 3, 2), (256, (3, 2), 1))
"""Channels, stride in bands and steps, and residual convolutions."""
DECODER_STAGES: Final = ((1024, 512), (768, 384), (512, 256), (320, 128), (160, 64))
"""Channels into and out of each doubling; what comes in is half the face encoder's."""

CUT_AT_STAGE: Final = 4
"""Stage of the decoder, of 24 × 24, from which rows are left out."""
CUT_ROWS: Final = 3
"""Rows of 12 that are left out there; the face comes out right from `FIRST_ROW` on."""
FIRST_ROW: Final = 39
"""Row of 96 from which `FastNetwork` is exact: 3 rows are doubled, and two convolutions at the edge
of what is left spoil a row each: 2 · 3 + 2 = 8, 18, 38, and one more for the last convolution."""


class Unit(nn.Module):
    """Convolution and batch norm, an optional residual, a rectifier."""

    def __init__(self, convolution: nn.Module, channels: int, *, residual: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(convolution, nn.BatchNorm2d(channels))
        self.residual = residual

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Return the next picture (n, channels, h, w)."""
        result: torch.Tensor = self.conv_block(picture)
        return F.relu(result + picture if self.residual else result)


def _unit(before: int, after: int, kernel: int, stride: Any = 1, padding: int = 0) -> Unit:
    return Unit(nn.Conv2d(before, after, kernel, stride, padding), after)


def _residuals(channels: int, count: int) -> Iterator[Unit]:
    for _ in range(count):
        yield Unit(nn.Conv2d(channels, channels, 3, 1, 1), channels, residual=True)


def _face_encoder() -> Iterator[nn.Sequential]:
    yield nn.Sequential(_unit(6, 16, 7, 1, 3))
    before = 16
    for channels, residuals in FACE_STAGES:
        yield nn.Sequential(_unit(before, channels, 3, 2, 1), *_residuals(channels, residuals))
        before = channels
    yield nn.Sequential(_unit(before, 512, 3), _unit(512, 512, 1))


def _sound_encoder() -> Iterator[Unit]:
    before = 1
    for channels, stride, residuals in SOUND_STAGES:
        yield _unit(before, channels, 3, stride, 1)
        yield from _residuals(channels, residuals)
        before = channels
    yield _unit(before, 512, 3)
    yield _unit(512, 512, 1)


def _decoder() -> Iterator[nn.Sequential]:
    yield nn.Sequential(_unit(512, 512, 1))
    first = Unit(nn.ConvTranspose2d(1024, 512, 3), 512)
    yield nn.Sequential(first, *_residuals(512, 1))
    for before, after in DECODER_STAGES:
        doubling = Unit(nn.ConvTranspose2d(before, after, 3, 2, 1, output_padding=1), after)
        yield nn.Sequential(doubling, *_residuals(after, 2))


class Wav2LipNetwork(nn.Module):
    """The generator as published, with its names of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder_blocks = nn.ModuleList(_face_encoder())
        self.audio_encoder = nn.Sequential(*_sound_encoder())
        self.face_decoder_blocks = nn.ModuleList(_decoder())
        self.output_block = nn.Sequential(_unit(80, 32, 3, 1, 1), nn.Conv2d(32, 3, 1), nn.Sigmoid())

    def forward(self, mels: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
        """Return faces (n, 3, 96, 96) in 0..1, blue first.

        Args:
            mels: (n, 1, 80, 16) in -4..4.
            faces: (n, 6, 96, 96) in 0..1, blue first: masked below, then as they are.
        """
        seen = [faces]
        for block in self.face_encoder_blocks:
            seen.append(block(seen[-1]))
        picture = self.audio_encoder(mels)
        for block in self.face_decoder_blocks:
            picture = torch.cat([block(picture), seen.pop()], dim=1)
        result: torch.Tensor = self.output_block(picture)
        return result


def load_network(path: Path) -> Wav2LipNetwork:
    """Load the generator from a published checkpoint.

    Raises:
        ModelError: the file is no such checkpoint.
    """
    network = Wav2LipNetwork()
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(_weights(checkpoint), strict=True)
    except Exception as error:  # torch.load raises half a dozen unrelated types
        raise ModelError(
            f"{path}: is not a checkpoint of Wav2Lip ({_reason(error)}). It wants a file in the "
            "format of wav2lip.pth and wav2lip_gan.pth: a dictionary whose `state_dict` holds the "
            "generator's weights. TorchScript archives, and variants of other sizes, do not fit."
        ) from error
    return network.eval().requires_grad_(False)


def _weights(checkpoint: Any) -> dict[str, torch.Tensor]:
    """The generator's weights, without the prefix that training on several GPUs leaves."""
    if not isinstance(checkpoint, Mapping) or "state_dict" not in checkpoint:
        raise ValueError("it holds no `state_dict`")
    return {name.removeprefix("module."): value for name, value in checkpoint["state_dict"].items()}


def _reason(error: Exception) -> str:
    """The first lines of an error, short: a file with other keys lists hundreds."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    text = " ".join(lines[:2]) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}…"


class FastNetwork:
    """The generator's lower face, laid out for one device.

    Rows above `FIRST_ROW` are not those of the whole network; those down to the cut are zero.
    """

    def __init__(
        self, network: Wav2LipNetwork, *, device: str, precision: torch.dtype = torch.float32
    ) -> None:
        """Fold and place the weights."""
        self.device, self.precision = device, precision
        self._face = [self._folded(block) for block in network.face_encoder_blocks]
        self._sound = self._folded(network.audio_encoder)
        self._decoder = [self._folded(block) for block in network.face_decoder_blocks]
        last, colours = list[Any](network.output_block)[:2]
        self._last = self._fold(last)
        self._colours = self._placed(colours.weight), self._placed(colours.bias)

    @torch.inference_mode()
    def __call__(self, mels: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
        """Return (n, 3, 96, 96) float32 on the processor; see `Wav2LipNetwork.forward`."""
        seen = [self._placed(faces)]
        for block in self._face:
            seen.append(_through(block, seen[-1]))
        picture, top = _through(self._sound, self._placed(mels)), 0
        for stage, block in enumerate(self._decoder):
            if stage == CUT_AT_STAGE:
                picture, top = picture[:, :, CUT_ROWS:], CUT_ROWS
            picture = _through(block, picture)
            if stage >= CUT_AT_STAGE:
                # The rows next to the cut saw nothing above it: they are no use to the next stage.
                picture, top = picture[:, :, 2:], 2 * top + 2
            picture = torch.cat([picture, seen.pop()[:, :, top:]], dim=1)
        weight, bias = self._colours
        logits = F.conv2d(self._last(picture), weight, bias)
        drawn = torch.sigmoid(logits.float()).cpu()
        result = drawn.new_zeros((len(drawn), 3, FACE_PX, FACE_PX))
        result[:, :, top:] = drawn
        return result

    def _folded(self, units: Any) -> "list[_Layer]":
        return [self._fold(unit) for unit in units]

    def _fold(self, unit: Any) -> "_Layer":
        convolution, norm = unit.conv_block
        doubling = isinstance(convolution, nn.ConvTranspose2d)
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        shape = (1, -1, 1, 1) if doubling else (-1, 1, 1, 1)
        weight = convolution.weight * scale.view(shape)
        bias = (convolution.bias - norm.running_mean) * scale + norm.bias
        residual = unit.residual
        if residual and self.precision is torch.float32:
            # What is added is one more weight at the kernel's centre; rounding aside, the same.
            # In bfloat16 a weight near one would lose what is small beside it.
            weight[:, :, 1, 1] += torch.eye(len(weight))
            residual = False
        return _Layer(self._placed(weight), self._placed(bias), convolution, doubling, residual)

    def _placed(self, tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor.to(self.device, self.precision)
        return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor


class _Layer:
    """A unit with its norm folded in."""

    def __init__(
        self,
        weight: torch.Tensor,
        bias: torch.Tensor,
        convolution: Any,
        doubling: bool,
        residual: bool,
    ) -> None:
        self._weight, self._bias, self._residual = weight, bias, residual
        self._doubling = doubling
        self._stride, self._padding = convolution.stride, convolution.padding
        self._output_padding = convolution.output_padding

    def __call__(self, picture: torch.Tensor) -> torch.Tensor:
        if self._doubling:
            result = F.conv_transpose2d(
                *(picture, self._weight, self._bias, self._stride, self._padding),
                output_padding=self._output_padding,
            )
        else:
            result = F.conv2d(picture, self._weight, self._bias, self._stride, self._padding)
        if self._residual:
            result += picture
        return F.relu_(result)


def _through(layers: list[_Layer], picture: torch.Tensor) -> torch.Tensor:
    for layer in layers:
        picture = layer(picture)
    return picture
