"""Gradients of a batch, in pieces that fit the memory of the device."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from mythmeter.errors import DeviceError
from mythmeter.swap.learning.learner import Batch, Learner
from mythmeter.swap.learning.team import Team
from mythmeter.usage.memory import is_out_of_memory

WARM_UPS = 3
"""Eager passes before a CUDA graph is captured: libraries choose their kernels in them."""


class Gradients:
    """Leaves the gradients of whole batches in the network's parameters.

    A batch goes through in micro-batches whose gradients add up to those of the whole. When the
    device runs out of memory, the micro-batch is halved and the step done again: the same samples
    count, only the rounding differs. On a GPU, forward and backward pass are one CUDA graph.
    """

    def __init__(
        self,
        learner: Learner,
        *,
        micro_batch: int,
        fast_type: torch.dtype | None,
        device: torch.device,
        team: Team,
    ) -> None:
        self.micro_batch = micro_batch
        self._learner = learner
        self._parameters = [p for p in learner.network.parameters() if p.requires_grad]
        self._fast_type = fast_type
        self._device = device
        self._team = team
        self._graphs: dict[tuple[int, int], _Graph] = {}

    def of(self, batch: Batch) -> Tensor:
        """Return the loss of a batch, and leave the gradients.

        Raises:
            DeviceError: not even one sample fits.
        """
        share = self._team.share(batch)
        samples = len(next(iter(batch.values())))
        while True:
            loss, reason = self._attempt(share, samples)
            if not self._team.any(reason is not None, self._device):
                break
            self._halve(samples, reason)
        self._team.sum([loss, *(_gradient(p) for p in self._parameters)])
        return loss

    def _attempt(self, share: Batch, samples: int) -> tuple[Tensor, str | None]:
        """Add up micro-batches; returns the loss, and why it failed if memory ran out."""
        self._clear()
        loss = torch.zeros((), device=self._device)
        rows = len(next(iter(share.values())))
        try:
            for start in range(0, rows, self.micro_batch):
                part = {k: v[start : start + self.micro_batch] for k, v in share.items()}
                loss += self._run(part, samples)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return loss, str(error).splitlines()[0]
        return loss, None

    def _run(self, part: Batch, samples: int) -> Tensor:
        if self._device.type != "cuda":
            return self.eager_pass(part, samples)
        rows = len(next(iter(part.values())))
        graph = self._graphs.get((rows, samples))
        if graph is None:
            kept = [_gradient(parameter).clone() for parameter in self._parameters]
            graph = _Graph(part, lambda static: self.eager_pass(static, samples))
            self._graphs[rows, samples] = graph
            for parameter, gradient in zip(self._parameters, kept, strict=True):
                _gradient(parameter).copy_(gradient)
        return graph.replay(part)

    def eager_pass(self, part: Batch, samples: int) -> Tensor:
        """Forward and backward of one micro-batch, weighted by its share of the samples."""
        rows = len(next(iter(part.values())))
        with torch.autocast(
            self._device.type,
            self._fast_type,
            enabled=self._fast_type is not None,
            cache_enabled=self._device.type != "cuda",
        ):
            loss = self._learner.loss(self._learner.network, part) * (rows / samples)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _clear(self) -> None:
        """Gradients keep their memory, because a CUDA graph adds to the same addresses."""
        for parameter in self._parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        torch._foreach_zero_([_gradient(parameter) for parameter in self._parameters])

    def _halve(self, samples: int, reason: str | None) -> None:
        self._graphs.clear()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if self.micro_batch <= 1:
            raise DeviceError(
                f"Training does not fit into the memory of {self._device} one sample at a time "
                f"({reason or 'another process ran out'}). Choose a smaller swap.preset."
            )
        self.micro_batch = -(-self.micro_batch // 2)
        if self._team.leads:
            print(
                f"Out of memory ({reason or 'in another process'}): going on with micro-batches of "
                f"{self.micro_batch}; a step still takes {samples} samples."
            )


def _gradient(parameter: nn.Parameter) -> Tensor:
    if parameter.grad is None:
        raise ValueError("gradients are kept from the first step on")
    return parameter.grad


class _Graph:
    """One micro-batch captured as a CUDA graph: the processor queues it with a single call.

    The warm-up passes add to the gradients, and so does the capture's own first replay only when
    it is called; whoever captures restores the gradients afterwards.
    """

    def __init__(self, example: Batch, work: Callable[[Batch], Tensor]) -> None:
        self._inputs = {name: rows.clone() for name, rows in example.items()}
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UPS):
                work(self._inputs)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._loss = work(self._inputs)

    def replay(self, batch: Batch) -> Tensor:
        for name, rows in batch.items():
            self._inputs[name].copy_(rows)
        self._graph.replay()
        return self._loss
