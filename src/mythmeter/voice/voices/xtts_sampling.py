"""How an audio token of XTTS is drawn from its logits: transformers' own rules, row by row."""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import (
    LogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)


@dataclass(frozen=True)
class Sampling:
    """The library's sampling keys."""

    temperature: float
    top_k: int
    """0 takes all tokens."""
    top_p: float
    repetition_penalty: float


class Sampler:
    """Draws tokens as `transformers.generate` with do_sample does, for rows of their own seeds."""

    def __init__(self, sampling: Sampling) -> None:
        self._penalty = sampling.repetition_penalty
        self._rules: list[LogitsProcessor] = []
        if sampling.temperature != 1.0:
            self._rules.append(TemperatureLogitsWarper(sampling.temperature))
        if sampling.top_k:
            self._rules.append(TopKLogitsWarper(sampling.top_k))
        if sampling.top_p < 1.0:
            self._rules.append(TopPLogitsWarper(sampling.top_p))

    def draw(self, logits: Tensor, seen: Tensor, noise: Tensor) -> Tensor:
        """Draw one token a row.

        Args:
            logits: (rows, tokens), float32.
            seen: (rows, tokens), true where a token was said before.
            noise: (rows, tokens), drawn from the exponential distribution: the token whose
                probability over noise is largest is a draw (as torch.multinomial does it).

        Returns:
            (rows,), int64.
        """
        penalised = torch.where(logits < 0, logits * self._penalty, logits / self._penalty)
        scores = torch.where(seen, penalised, logits)
        for rule in self._rules:
            scores = rule(None, scores)
        return (scores.softmax(dim=-1) / noise).argmax(dim=-1)


class SeededNoise:
    """A row's own random numbers, as torch.multinomial would draw them on a CPU from its seed.

    They are drawn on the host whatever the device, so that one seed gives one speech everywhere.
    """

    def __init__(self, seed: int, tokens: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._tokens = tokens
        self._ready: list[Tensor] = []

    def prepare(self, count: int) -> None:
        """Have at least `count` draws ready."""
        while len(self._ready) < count:
            draw = torch.empty(self._tokens).exponential_(1, generator=self._generator)
            self._ready.append(draw)

    def take(self, count: int) -> Tensor:
        """Return the next draws (count, tokens), float32."""
        self.prepare(count)
        taken, self._ready = self._ready[:count], self._ready[count:]
        return torch.stack(taken)
