"""The layers of CAM++, named as in the published weights (3D-Speaker)."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

EMBEDDING_VALUES = 192
GROWTH = 32
BOTTLENECK = 128
SEGMENT_FRAMES = 100
BLOCKS = ((12, 1), (24, 2), (16, 2))
"""(layers, dilation) of each densely connected block."""


class CampplusNetwork(nn.Module):
    """Filter bank energies (batch, frames, bins) to embeddings (batch, 192), not normalised."""

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.head = ConvolutionalHead(bins)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        channels = 128
        layers["tdnn"] = TimeDelayLayer(self.head.out_channels, channels)
        for number, (depth, dilation) in enumerate(BLOCKS, start=1):
            layers[f"block{number}"] = DenseBlock(channels, depth, dilation)
            channels += depth * GROWTH
            layers[f"transit{number}"] = TransitLayer(channels, channels // 2)
            channels //= 2
        layers["out_nonlinear"] = _normalised_relu(channels)
        layers["stats"] = StatisticsPool()
        layers["dense"] = EmbeddingLayer(2 * channels, EMBEDDING_VALUES)
        self.xvector = nn.Sequential(layers)

    def forward(self, bank: torch.Tensor) -> torch.Tensor:
        """Return embeddings (batch, 192)."""
        embedding: torch.Tensor = self.xvector(self.head(bank.transpose(1, 2)))
        return embedding


def _normalised_relu(channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(channels), relu=nn.ReLU()))


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions with a shortcut; the stride is along frequency."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, (stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1:
            convolution = nn.Conv2d(channels, channels, 1, (stride, 1), bias=False)
            self.shortcut = nn.Sequential(convolution, nn.BatchNorm2d(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the same shape, with frequency divided by the stride."""
        inner = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(inner)) + self.shortcut(x))


class ConvolutionalHead(nn.Module):
    """2-D convolutions that make the rest robust to shifts in frequency."""

    def __init__(self, bins: int, channels: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.layer1 = nn.Sequential(ResidualBlock(channels, 2), ResidualBlock(channels, 1))
        self.layer2 = nn.Sequential(ResidualBlock(channels, 2), ResidualBlock(channels, 1))
        self.conv2 = nn.Conv2d(channels, channels, 3, (2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.out_channels = channels * (bins // 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, bins, frames) to (batch, channels, frames)."""
        x = F.relu(self.bn1(self.conv1(x[:, None])))
        x = F.relu(self.bn2(self.conv2(self.layer2(self.layer1(x)))))
        return x.flatten(1, 2)


class TimeDelayLayer(nn.Module):
    """A convolution over five frames that halves their number."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(channels, out_channels, 5, stride=2, padding=2, bias=False)
        self.nonlinear = _normalised_relu(out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Halve the frames."""
        out: torch.Tensor = self.nonlinear(self.linear(x))
        return out


class ContextMask(nn.Module):
    """A convolution masked by what the whole utterance and its segment of one second hold."""

    def __init__(self, channels: int, out_channels: int, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(
            channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.linear1 = nn.Conv1d(channels, channels // 2, 1)
        self.linear2 = nn.Conv1d(channels // 2, out_channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, frames) to (batch, out_channels, frames)."""
        segments = F.avg_pool1d(x, SEGMENT_FRAMES, SEGMENT_FRAMES, ceil_mode=True)
        segments = segments.repeat_interleave(SEGMENT_FRAMES, dim=-1)[..., : x.shape[-1]]
        context = x.mean(dim=-1, keepdim=True) + segments
        mask = torch.sigmoid(self.linear2(F.relu(self.linear1(context))))
        masked: torch.Tensor = self.linear_local(x) * mask
        return masked


class DenseLayer(nn.Module):
    """One layer of a dense block: bottleneck, then a context-masked convolution."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _normalised_relu(channels)
        self.linear1 = nn.Conv1d(channels, BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _normalised_relu(BOTTLENECK)
        self.cam_layer = ContextMask(BOTTLENECK, GROWTH, dilation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return GROWTH new channels."""
        out: torch.Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))
        return out


class DenseBlock(nn.Module):
    """Layers that each see the outputs of all before them."""

    def __init__(self, channels: int, depth: int, dilation: int) -> None:
        super().__init__()
        for index in range(depth):
            self.add_module(f"tdnnd{index + 1}", DenseLayer(channels + index * GROWTH, dilation))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Append the channels of all layers."""
        for layer in self.children():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class TransitLayer(nn.Module):
    """Halves the channels between blocks."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.nonlinear = _normalised_relu(channels)
        self.linear = nn.Conv1d(channels, out_channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map to out_channels."""
        out: torch.Tensor = self.linear(self.nonlinear(x))
        return out


class StatisticsPool(nn.Module):
    """Mean and standard deviation over frames."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, frames) to (batch, 2 × channels)."""
        return torch.cat([x.mean(dim=-1), x.std(dim=-1)], dim=-1)


class EmbeddingLayer(nn.Module):
    """Statistics to embedding, normalised over the training set."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(channels, out_channels, 1, bias=False)
        self.nonlinear = nn.Sequential(
            OrderedDict(batchnorm=nn.BatchNorm1d(out_channels, affine=False))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels) to (batch, out_channels)."""
        out: torch.Tensor = self.nonlinear(self.linear(x[..., None])[..., 0])
        return out
