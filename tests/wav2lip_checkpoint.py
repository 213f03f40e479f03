"""A checkpoint in the format of Wav2Lip's published ones, with random weights of full size.

Names and shapes are listed here from the published files' layout, not taken from our network.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

FACE = (
    [(6, 16, 7)],
    [(16, 32, 3), (32, 32, 3), (32, 32, 3)],
    [(32, 64, 3), (64, 64, 3), (64, 64, 3), (64, 64, 3)],
    [(64, 128, 3), (128, 128, 3), (128, 128, 3)],
    [(128, 256, 3), (256, 256, 3), (256, 256, 3)],
    [(256, 512, 3), (512, 512, 3)],
    [(512, 512, 3), (512, 512, 1)],
)
SOUND = (
    *[(1, 32, 3), (32, 32, 3), (32, 32, 3)],
    *[(32, 64, 3), (64, 64, 3), (64, 64, 3)],
    *[(64, 128, 3), (128, 128, 3), (128, 128, 3)],
    *[(128, 256, 3), (256, 256, 3), (256, 512, 3), (512, 512, 1)],
)
DECODER = (
    [(512, 512, 1)],
    [(1024, 512, 3), (512, 512, 3)],
    [(1024, 512, 3), (512, 512, 3), (512, 512, 3)],
    [(768, 384, 3), (384, 384, 3), (384, 384, 3)],
    [(512, 256, 3), (256, 256, 3), (256, 256, 3)],
    [(320, 128, 3), (128, 128, 3), (128, 128, 3)],
    [(160, 64, 3), (64, 64, 3), (64, 64, 3)],
)
"""Channels in, channels out, side of the kernel; the first of each from the second on doubles."""


def units() -> Iterator[tuple[str, tuple[int, int, int], bool]]:
    """Name, sizes, and whether its kernel is a transposed one, of each convolution with a norm."""
    for i, block in enumerate(FACE):
        yield from ((f"face_encoder_blocks.{i}.{j}", u, False) for j, u in enumerate(block))
    yield from ((f"audio_encoder.{j}", unit, False) for j, unit in enumerate(SOUND))
    for i, block in enumerate(DECODER):
        yield from ((f"face_decoder_blocks.{i}.{j}", u, i and not j) for j, u in enumerate(block))
    yield "output_block.0", (80, 32, 3), False


def random_state(seed: int = 0) -> dict[str, torch.Tensor]:
    """Random weights whose features keep their size, under the published names."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int, scale: float) -> torch.Tensor:
        return torch.randn(shape, generator=generator) * scale

    state = {}
    for name, (before, after, side), transposed in units():
        shape = (before, after, side, side) if transposed else (after, before, side, side)
        # A transposed kernel meets a quarter of its places at each pixel.
        scale = ((8 if transposed else 2) / (before * side * side)) ** 0.5
        norm = {
            "weight": 1 + normal(after, scale=0.1),
            "bias": normal(after, scale=0.1),
            "running_mean": normal(after, scale=0.1),
            "running_var": 0.75 + torch.rand(after, generator=generator),
            "num_batches_tracked": torch.tensor(7),
        }
        state[f"{name}.conv_block.0.weight"] = normal(*shape, scale=scale)
        state[f"{name}.conv_block.0.bias"] = normal(after, scale=0.1)
        state.update({f"{name}.conv_block.1.{key}": value for key, value in norm.items()})
    state["output_block.1.weight"] = normal(3, 32, 1, 1, scale=0.1)
    state["output_block.1.bias"] = normal(3, scale=0.1)
    return state


def write_checkpoint(path: Path, *, prefix: str = "", **changed: Any) -> Path:
    """Write the file as training leaves it, with its counters and an optimiser's state."""
    state = {f"{prefix}{name}": value for name, value in random_state().items()}
    content = {
        "state_dict": {**state, **changed},
        "optimizer": {"state": {}, "param_groups": [{"lr": 1e-4}]},
        "global_step": 250000,
        "global_epoch": 700,
    }
    torch.save(content, path)
    return path
