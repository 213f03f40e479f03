"""Processes that train one network together, each on its own device.

Every process draws the same batch and works on its own share of it, so the batch, and with it the
result up to rounding, does not depend on how many there are. Gradients travel in one flat tensor
after the backward pass, rather than from hooks inside it as `DistributedDataParallel` sends them:
when one process runs out of memory half-way, the others are not left waiting for its gradients,
and all agree on a smaller micro-batch.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from mythmeter.swap.learning.learner import Batch


@dataclass(frozen=True)
class Team:
    """This process among those that train together."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and messages."""
        return self.rank == 0

    def share(self, batch: Batch) -> Batch:
        """This process's slice of a batch that all have drawn."""
        if self.size == 1:
            return batch
        return {name: rows.tensor_split(self.size)[self.rank] for name, rows in batch.items()}

    def any(self, happened: bool, device: torch.device) -> bool:
        """Whether something happened in any process."""
        if self.size == 1:
            return happened
        flag = torch.tensor([float(happened)], device=device)
        distributed.all_reduce(flag, op=distributed.ReduceOp.MAX)
        return bool(flag.item())

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Add tensors up over all processes, in place."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        start = 0
        for tensor in tensors:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()

    def agree(self, network: nn.Module) -> None:
        """Give every process the weights of the first."""
        if self.size > 1:
            for tensor in network.state_dict().values():
                distributed.broadcast(tensor, src=0)


@contextmanager
def joined(device_kind: str) -> Iterator[tuple[Team, torch.device]]:
    """Join the team that torchrun has started this process in, with the device of this process.

    NCCL between GPUs, gloo between processes on a CPU.
    """
    backend = "nccl" if device_kind == "cuda" else "gloo"
    device = torch.device(device_kind, int(os.environ["LOCAL_RANK"]) if backend == "nccl" else 0)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group(backend)
    try:
        yield Team(distributed.get_rank(), distributed.get_world_size()), device
    finally:
        distributed.destroy_process_group()
