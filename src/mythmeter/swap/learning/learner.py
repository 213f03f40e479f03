"""What the loop trains."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Batch = dict[str, Tensor]
"""Tensors of one step, (samples, 2, ...) each: the person's rows and the performer's."""


class Learner(Protocol):
    """A network with its footage, which lies on the device."""

    network: nn.Module

    def batch(self, samples: int, generator: torch.Generator) -> Batch:
        """Draw an augmented batch; everything random comes from the generator."""
        ...

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Mean loss over the samples of a batch or of a slice of it; nothing in it is random."""
        ...

    def held_out_error(self, network: nn.Module) -> float:
        """Error on frames that are never trained on; lower is better."""
        ...

    def preview(self, network: nn.Module) -> NDArray[np.uint8]:
        """A strip of pictures (height, width, 3): footage above, what is drawn below."""
        ...
