"""A Kokoro timbre fitted by gradient to two speaker encoders at once.

One encoder alone can be gamed: fitted to one, likeness to the others falls. So two are optimised
and a third, never seen here, judges.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from mythmeter.media.audio import Samples
from mythmeter.voice.embeddings.encoder import DifferentiableSpeakerEncoder, Embedding
from mythmeter.voice.equaliser import Curve, impulse_response
from mythmeter.voice.voices.kokoro import RATE_HZ, TIMBRE_VALUES, Style
from mythmeter.voice.voices.kokoro_decoder import KokoroDecoder

LEARNING_RATE = 0.3
RESIDUAL_RATE = 0.008
"""For a dozen steps: half of it gets less far by every encoder, the independent one included."""
SMALLEST_SPREAD = 0.02
FREE_RADIUS = 8.5
"""Distance from the mean voice, in standard deviations, up to which nothing is held back."""
SNR_DB = (25.0, 45.0)
"""Noise is added, so that the fit does not live on detail that nobody hears."""
LARGEST_SHIFT_S = 0.1


@dataclass(frozen=True)
class Phrase:
    """What ONNX Runtime made of a phrase, ready for the decoder."""

    fixed: Mapping[str, torch.Tensor]
    samples: Samples
    """Its sound in the starting voice, 24 kHz."""


@dataclass(frozen=True)
class Fit:
    """The fitted timbre and how the likeness went."""

    timbre: NDArray[np.float32]
    likeness: tuple[Mapping[str, float], ...]
    """Cosine to the target by encoder, for each step."""


class TimbreSpace:
    """Timbres in the principal axes of the stock voices, in standard deviations, and a residual."""

    def __init__(self, stock: Sequence[NDArray[np.float32]], device: str) -> None:
        table = np.stack(stock)
        self.mean = torch.tensor(table.mean(axis=0), device=device)
        _, values, axes = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)
        spread = np.maximum(values / math.sqrt(len(stock) - 1), SMALLEST_SPREAD)
        self.axes = torch.tensor(axes * spread[:, None], dtype=torch.float32, device=device)
        self._inverse = torch.tensor(axes / spread[:, None], dtype=torch.float32, device=device)

    def position(self, timbre: NDArray[np.float32]) -> torch.Tensor:
        """Return where a timbre (128,) lies."""
        return self._inverse @ (torch.tensor(timbre, device=self.mean.device) - self.mean)

    def timbre(self, position: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """Return the timbre (128,) at a position."""
        return self.mean + position @ self.axes + residual


def fit_timbre(
    decoder: KokoroDecoder,
    phrases: Sequence[Phrase],
    space: TimbreSpace,
    start: Style,
    targets: Mapping[str, Embedding],
    encoders: Mapping[str, DifferentiableSpeakerEncoder],
    *,
    curve_db: Curve,
    steps: int,
    seed: int,
) -> Fit:
    """Move the timbre of `start` (256,) so that phrases sound like the targets to the encoders.

    The equaliser of the starting voice is inside the loop: the timbre need not imitate what the
    equaliser does. Deterministic for one seed, device and number of threads.
    """
    generator = torch.Generator().manual_seed(seed)
    device = decoder.device
    goals = {name: torch.from_numpy(value).to(device) for name, value in targets.items()}
    response = torch.from_numpy(impulse_response(curve_db)).to(device)
    position = space.position(start[:TIMBRE_VALUES]).requires_grad_(True)
    residual = torch.zeros(TIMBRE_VALUES, device=device, requires_grad=True)
    optimiser = torch.optim.Adam(
        [{"params": [position], "lr": LEARNING_RATE}, {"params": [residual], "lr": RESIDUAL_RATE}],
        betas=(0.8, 0.95),
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: 0.1 + 0.45 * (1 + math.cos(math.pi * step / steps))
    )
    likeness: list[Mapping[str, float]] = []
    for step in range(steps):
        phrase = phrases[step % len(phrases)]
        sound = _convolved(decoder(phrase.fixed, space.timbre(position, residual)), response)
        heard = _disturbed(to_16k(sound), generator)
        cosines = {n: encoders[n].embed_tensor(heard) @ goal for n, goal in goals.items()}
        held = 0.005 * F.relu(position.norm() - FREE_RADIUS) ** 2 + 0.02 * residual.pow(2).sum()
        loss = held - torch.stack(list(cosines.values())).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        likeness.append({name: float(value.detach()) for name, value in cosines.items()})
    with torch.no_grad():
        fitted = space.timbre(position, residual).cpu().numpy()
    return Fit(fitted, tuple(likeness))


def to_16k(sound: torch.Tensor) -> torch.Tensor:
    """Resample 24 kHz to 16 kHz by cutting the spectrum, which a gradient passes through."""
    size = sound.shape[-1] // 3 * 3
    kept = size * 16000 // RATE_HZ
    spectrum = torch.fft.rfft(sound[:size])[: kept // 2 + 1]
    return torch.fft.irfft(spectrum, kept) * (16000 / RATE_HZ)


def _convolved(sound: torch.Tensor, response: torch.Tensor) -> torch.Tensor:
    size = 1 << (len(sound) + len(response) - 1).bit_length()
    spectrum = torch.fft.rfft(sound, size) * torch.fft.rfft(response, size)
    return torch.fft.irfft(spectrum, size)[: len(sound)]


def _disturbed(sound: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Shift by up to 0.1 s and add noise: another take of the same phrase."""
    low, high = SNR_DB
    snr_db = low + (high - low) * float(torch.rand(1, generator=generator))
    first = int(torch.randint(round(LARGEST_SHIFT_S * 16000), (1,), generator=generator))
    noise = torch.randn(sound.shape, generator=generator).to(sound.device)
    level = sound.detach().std() * 10 ** (-snr_db / 20)
    return (sound + noise * level)[first:]
