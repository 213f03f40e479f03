"""What every speaker encoder does, and the table that finds one by name."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ConfigError
from mythmeter.media.long_sound import Sound

if TYPE_CHECKING:
    import torch

RATE_HZ = 16000
"""Sample rate that every encoder takes."""

Embedding = NDArray[np.float32]


class SpeakerEncoder(Protocol):
    """Maps speech to a point on a sphere on which one person's recordings lie close together."""

    name: str

    def embed(self, samples_16k: Sound) -> Embedding:
        """Return the unit vector (d,) of mono speech (n,) at 16 kHz; pauses are left out.

        Raises:
            SpeechError: nothing but silence.
        """


class DifferentiableSpeakerEncoder(SpeakerEncoder, Protocol):
    """An encoder through which a loss can be traced back to the samples."""

    def embed_tensor(self, samples_16k: "torch.Tensor") -> "torch.Tensor":
        """Return the unit vector (d,) of a tensor (n,), with its gradient; nothing is left out."""


_CLASSES = {
    "resemblyzer": ("mythmeter.voice.embeddings.resemblyzer", "ResemblyzerEncoder"),
    "campplus": ("mythmeter.voice.embeddings.campplus", "CampplusEncoder"),
    "dvector": ("mythmeter.voice.embeddings.dvector", "DvectorEncoder"),
}


def load_encoder(name: str, weights: Path | None = None, threads: int = 1) -> SpeakerEncoder:
    """Load an encoder by name.

    Args:
        name: `resemblyzer` (weights in its package), `campplus` or `dvector` (assets of that name).
        weights: file of the asset, where the encoder has one.
        threads: cores that it uses.

    Raises:
        ConfigError: an unknown name.
        ModelError: the weights are not what the encoder expects.
    """
    if name not in _CLASSES:
        raise ConfigError(
            f"There is no speaker encoder {name!r}. Known ones: {', '.join(sorted(_CLASSES))}."
        )
    module, cls = _CLASSES[name]
    encoder: SpeakerEncoder = getattr(import_module(module), cls)(weights, threads)
    return encoder


def similarity(one: Embedding, other: Embedding) -> float:
    """Return the cosine of two unit vectors: 1 is the same point."""
    return float(np.dot(one, other))
