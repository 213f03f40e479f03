"""One training step of the classic autoencoder: `make bench-train`.

The topology that was published in 2017 (64 pixels; convolutions of 128, 256, 512, 1024 channels, a
code of 1024, decoders of 256, 128, 64), mean absolute error, the same batch for both. Theirs: a
plain port as people write it, from the published description: float32, eager, one pass and one
Adam for each face, both of which move the encoder. Ours: the step of `mythmeter.swap.learning`:
both faces in one pass, bfloat16 where the processor multiplies it, channels-last, one fused Adam.
Also printed: the plain port with a single pass and a single optimiser. CPU seconds, because the
machine may be shared; wall seconds on a GPU.
"""

import argparse
import json
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from mythmeter.swap.learning.gradients import Gradients
from mythmeter.swap.learning.precision import fast_type
from mythmeter.swap.learning.team import Team
from mythmeter.swap.networks import CropAutoencoder, placed
from mythmeter.swap.presets import CROP_PRESETS
from mythmeter.usage.record import machine

RATE, BETAS = 5e-5, (0.5, 0.999)
SIZE = CROP_PRESETS["standard"][1]


class Halved(nn.Sequential):
    """Convolution of 5 × 5, stride 2."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, 5, stride=2, padding=2), nn.LeakyReLU(0.1))


class Raised(nn.Sequential):
    """Convolution of 3 × 3 to four times the channels, then shuffled to twice the side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        convolution = nn.Conv2d(inputs, outputs * 4, 3, padding=1)
        super().__init__(convolution, nn.LeakyReLU(0.1), nn.PixelShuffle(2))


def plain_encoder() -> nn.Module:
    """As published."""
    return nn.Sequential(
        *(Halved(3, 128), Halved(128, 256), Halved(256, 512), Halved(512, 1024), nn.Flatten()),
        *(nn.Linear(1024 * 16, 1024), nn.Linear(1024, 1024 * 16), nn.Unflatten(1, (1024, 4, 4))),
        Raised(1024, 512),
    )


def plain_decoder() -> nn.Module:
    """As published."""
    return nn.Sequential(
        *(Raised(512, 256), Raised(256, 128), Raised(128, 64)),
        *(nn.Conv2d(64, 3, 5, padding=2), nn.Sigmoid()),
    )


def plain_step(batch: dict[str, Tensor], device: torch.device) -> Callable[[], None]:
    """The usual eager form: each face by itself, an Adam each."""
    encoder = plain_encoder().to(device)
    decoders = [plain_decoder().to(device) for _ in range(2)]
    optimisers = [
        torch.optim.Adam([*encoder.parameters(), *d.parameters()], lr=RATE, betas=BETAS)
        for d in decoders
    ]
    loss_of = nn.L1Loss()

    def step() -> None:
        for number in range(2):
            optimisers[number].zero_grad()
            drawn = decoders[number](encoder(batch["seen"][:, number]))
            loss_of(drawn, batch["wanted"][:, number]).backward()
            optimisers[number].step()

    return step


def joint_step(batch: dict[str, Tensor], device: torch.device) -> Callable[[], None]:
    """The plain port, kinder: both faces in one pass, one Adam."""
    encoder = plain_encoder().to(device)
    decoders = nn.ModuleList(plain_decoder() for _ in range(2)).to(device)
    optimiser = torch.optim.Adam(
        [*encoder.parameters(), *decoders.parameters()], lr=RATE, betas=BETAS
    )
    loss_of = nn.L1Loss()

    def step() -> None:
        optimiser.zero_grad()
        bottom = encoder(batch["seen"].transpose(0, 1).flatten(0, 1)).chunk(2)
        drawn = [decoder(half) for decoder, half in zip(decoders, bottom, strict=True)]
        sum(loss_of(d, batch["wanted"][:, k]) for k, d in enumerate(drawn)).backward()
        optimiser.step()

    return step


class Classic:
    """The same network as a learner."""

    def __init__(self, device: torch.device) -> None:
        self.network = placed(CropAutoencoder(SIZE, channels=3), device)

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """Mean absolute error of both faces."""
        sides = [
            batch["seen"][:, k].contiguous(memory_format=torch.channels_last) for k in range(2)
        ]
        drawn = network(*sides)
        return sum((d - batch["wanted"][:, k]).abs().mean() for k, d in enumerate(drawn))


def our_step(batch: dict[str, Tensor], device: torch.device) -> Callable[[], None]:
    """The step of the training loop."""
    learner = Classic(device)
    parameters = list(learner.network.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=RATE, betas=BETAS, weight_decay=0.0, fused=True)
    gradients = Gradients(
        learner,
        micro_batch=len(batch["seen"]),
        fast_type=fast_type(device),
        device=device,
        team=Team(),
    )

    def step() -> None:
        gradients.of(batch)
        optimiser.step()

    return step


def seconds(step: Callable[[], None], device: torch.device, repeats: int) -> float:
    """Best of some steps: CPU seconds, or wall seconds of a GPU."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    best = float("inf")
    for number in range(repeats + 1):
        start = clock()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if number:
            best = min(best, clock() - start)
    return best


def main() -> None:
    """Print the figures; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=8, help="crops of each face")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(1)
    shape = (arguments.batch, 2, 3, SIZE.crop_px, SIZE.crop_px)
    batch = {name: torch.rand(shape, device=device) for name in ("seen", "wanted")}
    found = {}
    for name, make in (("plain", plain_step), ("joint", joint_step), ("ours", our_step)):
        found[name] = seconds(make(batch, device), device, arguments.repeats)
        print(f"{name}: {found[name]:.3f} s a step", flush=True)
    fast = "bfloat16" if fast_type(device) else "float32: this processor has no bfloat16"
    against_joint = found["joint"] / found["ours"]
    print(f"against one pass and one optimiser in float32: {against_joint:.2f}")
    print(
        json.dumps(
            {
                "name": "train",
                "ours": round(found["ours"], 4),
                "theirs": round(found["plain"], 4),
                "ratio": round(found["plain"] / found["ours"], 3),
                "unit": "s of GPU time a step"
                if device.type == "cuda"
                else "CPU s a step, best of the repeats",
                "n": arguments.repeats,
                "scope": f"published 64-pixel autoencoder, batch {arguments.batch} a face, mean "
                f"absolute error, {arguments.threads} thread(s), {machine()['processor']}; ours in "
                f"{fast}; theirs eager float32, an Adam for each face; against one pass and one "
                f"Adam {against_joint:.2f}",
            }
        )
    )


if __name__ == "__main__":
    main()
