"""XTTS's audio tokens, decoded for several sentences at once through one set of weights.

The library decodes one sentence at a time with `transformers.generate`: each token reads all
weights for one row, and on a GPU waits for Python to launch some 400 kernels. Here the rows of a
step are different sentences: a finished row makes room for the next sentence, keys and values lie
in memory that never moves, and on a GPU a whole step is one CUDA graph. Weights, sampling and
seeds are the library's: one row in float32 on a CPU gives its very tokens and latents.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mythmeter.voice.voices.xtts_sampling import Sampler, Sampling, SeededNoise
from mythmeter.voice.voices.xtts_steps import CompiledStep, EagerStep, GraphStep, Step

FAKE_TOKEN = 1
"""What the library writes for the prompt in its list of tokens, so it is penalised as said."""

STEPS_BETWEEN_LOOKS = {"cpu": 1, "cuda": 8}
"""Steps between two looks at which rows have ended: a look makes the host wait for the GPU."""

STEPS: dict[str, type[Step]] = {"eager": EagerStep, "graphs": GraphStep, "compile": CompiledStep}


@dataclass(frozen=True)
class Request:
    """One sentence: what the model hears before the first audio token."""

    prefix: Tensor
    """(1, n, d): conditioning latents and embedded text, without the start token."""
    seed: int
    limit: int
    """Most audio tokens."""


@dataclass(frozen=True)
class Decoded:
    """The audio of one sentence as the vocoder takes it."""

    index: int
    """Which request this answers."""
    tokens: Tensor
    """(n,), int64, on the CPU; the last is the stop token unless the limit came first."""
    latents: Tensor
    """(1, n, d), float32."""


class TokenDecoder:
    """Decodes requests through `rows` rows.

    Args:
        gpt: the library's GPT, ready for inference, on its device and in its precision.
        sampling: how tokens are drawn.
        rows: sentences decoded side by side.
        mode: `eager`, `graphs` (CUDA only) or `compile`.
    """

    def __init__(self, gpt: Any, sampling: Sampling, *, rows: int, mode: str) -> None:
        self.gpt = gpt
        self.device = gpt.mel_head.weight.device
        self.dtype = gpt.mel_head.weight.dtype
        self.longest = gpt.max_gen_mel_tokens
        self.tokens = 0
        """Audio tokens decoded so far."""
        self.steps = 0
        self._sampler = Sampler(sampling)
        self._rows = rows
        self._keys = self._values = torch.empty(0)
        self._step = STEPS[mode](self)
        self._allocate()

    @torch.inference_mode()
    def decode(self, requests: Iterable[Request]) -> Iterator[Decoded]:
        """Yield each request's tokens as soon as they are complete, in order of completion."""
        waiting = deque(enumerate(requests))
        active: list[_Row] = []
        while waiting or active:
            while waiting and len(active) < self._rows:
                index, request = waiting.popleft()
                active.append(self._admit(len(active), index, request))
            self._advance(active, STEPS_BETWEEN_LOOKS[self.device.type])
            yield from self._leave(active)

    def _allocate(self) -> None:
        """Reserve all state at once; nothing of it moves again."""
        gpt, rows, device = self.gpt, self._rows, self.device
        heads, width = gpt.heads, gpt.model_dim // gpt.heads
        self.capacity = gpt.max_prompt_tokens + gpt.max_text_tokens + gpt.max_mel_tokens
        shape = (gpt.layers, rows, heads, self.capacity, width)
        self._keys = torch.zeros(shape, dtype=self.dtype, device=device)
        self._values = torch.zeros(shape, dtype=self.dtype, device=device)
        self.token = torch.zeros(rows, dtype=torch.long, device=device)
        self.position = torch.zeros(rows, dtype=torch.long, device=device)
        self.count = torch.zeros(rows, dtype=torch.long, device=device)
        self.limit = torch.zeros(rows, dtype=torch.long, device=device)
        self.ended = torch.ones(rows, dtype=torch.bool, device=device)
        self.seen = torch.zeros((rows, gpt.num_audio_tokens), dtype=torch.bool, device=device)
        self.noise = torch.ones((rows, gpt.num_audio_tokens), device=device)
        # One column more than is ever read: where rows that have ended write.
        self.said = torch.zeros((rows, self.longest + 1), dtype=torch.long, device=device)
        self.latents = torch.zeros((rows, self.longest + 1, gpt.model_dim), device=device)

    def _admit(self, row: int, index: int, request: Request) -> "_Row":
        """Run the prompt of a sentence and draw its first token."""
        gpt = self.gpt
        start = torch.tensor([[gpt.start_audio_token]], device=self.device)
        begin = gpt.mel_embedding(start) + gpt.mel_pos_embedding.emb.weight[:1]
        x = torch.cat([request.prefix.to(self.dtype), begin], dim=1)
        length = x.shape[1]
        limit = min(request.limit, self.longest, self.capacity - length)
        for layer, block in enumerate(gpt.gpt.h):
            query, key, value = self._project(block, x)
            self._keys[layer, row, :, :length] = key[0]
            self._values[layer, row, :, :length] = value[0]
            heard = F.scaled_dot_product_attention(query, key, value, is_causal=True)
            x = _finish_block(block, x, heard)
        state = _Row(index, SeededNoise(request.seed, gpt.num_audio_tokens), length)
        self.position[row], self.count[row], self.limit[row] = length - 1, 0, limit
        self.ended[row] = False
        self.seen[row] = False
        self.seen[row, [FAKE_TOKEN, gpt.start_audio_token]] = True
        self.noise[row] = state.noise.take(1)[0].to(self.device)
        one = slice(row, row + 1)
        self.draw(x[:, -1], one)
        return state

    def _advance(self, active: list["_Row"], steps: int) -> None:
        """Let every row say some tokens more; return before the device has computed them."""
        rows = len(active)
        noise = torch.stack([row.noise.take(steps) for row in active], dim=1)
        if self.device.type == "cuda":
            noise = noise.pin_memory().to(self.device, non_blocking=True)
        for step in noise:
            self.noise[:rows].copy_(step)
            self._step.run(rows, max(row.length for row in active) + 1)
            self.steps += 1
            for row in active:
                row.length = min(row.length + 1, self.capacity - 1)
        if self.device.type == "cuda":
            for row in active:  # while the GPU works
                row.noise.prepare(steps)

    def advance_rows(self, rows: int, width: int, *, masked: bool) -> None:
        """Compute one step of the first `rows` rows over `width` positions of the cache."""
        gpt = self.gpt
        one = slice(0, rows)
        token, position = self.token[one], self.position[one]
        x = gpt.mel_embedding(token) + gpt.mel_pos_embedding.emb(self.count[one])
        x = x[:, None]
        mask = None
        if masked:
            places = torch.arange(width, device=self.device)
            mask = (places <= position[:, None])[:, None, None]
        numbers = torch.arange(rows, device=self.device)
        for layer, block in enumerate(gpt.gpt.h):
            query, key, value = self._project(block, x)
            keys, values = self._keys[layer], self._values[layer]
            keys[numbers, :, position] = key[:, :, 0]
            values[numbers, :, position] = value[:, :, 0]
            heard = F.scaled_dot_product_attention(
                query, keys[one, :, :width], values[one, :, :width], attn_mask=mask
            )
            x = _finish_block(block, x, heard)
        self.draw(x[:, 0], one)

    def draw(self, x: Tensor, rows: slice) -> None:
        """Draw the next token of rows from the transformer's output (n, d), and write it down."""
        gpt = self.gpt
        latent = gpt.final_norm(gpt.gpt.ln_f(x))
        logits = gpt.mel_head(latent).float()
        token = self._sampler.draw(logits, self.seen[rows], self.noise[rows])
        ended, count = self.ended[rows], self.count[rows]
        column = torch.where(ended, self.longest, count)[:, None]
        self.said[rows].scatter_(1, column, token[:, None])
        wide = column[:, :, None].expand(-1, 1, latent.shape[-1])
        self.latents[rows].scatter_(1, wide, latent.float()[:, None])
        self.seen[rows].scatter_(1, token[:, None], True)
        self.token[rows] = token
        self.count[rows] = torch.where(ended, count, count + 1)
        self.position[rows] = torch.where(ended, self.position[rows], self.position[rows] + 1)
        self.ended[rows] = (
            ended | (token == gpt.stop_audio_token) | (self.count[rows] >= self.limit[rows])
        )

    def _project(self, block: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return query, key and value (batch, heads, n, width) of one layer."""
        batch, length, size = x.shape
        parts = block.attn.c_attn(block.ln_1(x)).split(size, dim=2)
        shape = (batch, length, self.gpt.heads, size // self.gpt.heads)
        query, key, value = (part.view(shape).transpose(1, 2) for part in parts)
        return query, key, value

    def _leave(self, active: list["_Row"]) -> list[Decoded]:
        """Take out the rows that have ended; the last row moves into each gap."""
        ended = self.ended[: len(active)].tolist()
        done = []
        for row in reversed(range(len(active))):
            if ended[row]:
                done.append(self._take(row, active[row].index))
                last = len(active) - 1
                if row != last:
                    self._move(last, row)
                    active[row] = active[last]
                active.pop()
        return done[::-1]

    def _take(self, row: int, index: int) -> Decoded:
        count = int(self.count[row])
        self.tokens += count
        return Decoded(
            index, self.said[row, :count].clone().cpu(), self.latents[row, :count].clone()[None]
        )

    def _move(self, source: int, target: int) -> None:
        for state in (*self.state(), self.limit):
            state[target] = state[source]
        self._keys[:, target] = self._keys[:, source]
        self._values[:, target] = self._values[:, source]

    def state(self) -> list[Tensor]:
        """Return what a step changes beside keys and values."""
        return [
            *(self.token, self.position, self.count, self.ended, self.seen),
            *(self.said, self.latents),
        ]


@dataclass
class _Row:
    """What the host knows of a row without asking the device."""

    index: int
    noise: SeededNoise
    length: int
    """Positions of the cache that are filled."""


def _finish_block(block: Any, x: Tensor, heard: Tensor) -> Tensor:
    """Add attention's output and the feed-forward network's to the residual (batch, n, d)."""
    x = block.attn.c_proj(heard.transpose(1, 2).reshape(x.shape)) + x
    return x + block.mlp.c_proj(block.mlp.act(block.mlp.c_fc(block.ln_2(x))))


def by_length(sizes: Sequence[int]) -> list[int]:
    """Return indices, longest first: rows that end together leave no row idle at the end."""
    return sorted(range(len(sizes)), key=lambda index: -sizes[index])
