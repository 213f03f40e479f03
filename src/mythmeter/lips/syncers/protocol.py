"""What a syncer is given, and what it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mythmeter.lips.table import Drive
from mythmeter.media.decode import Frame

Spoken = tuple[Frame, NDArray[np.float64]]
"""A crop with its new mouth, and its points (468, 2)."""


@dataclass(frozen=True)
class Supplied:
    """Weights of the user's, what they listen to, and how they are run: `lips.wav2lip`."""

    weights: Path
    licence: str
    speech: Path
    """The render's speech, WAV."""
    device: str
    """`cpu` or `cuda`."""
    batch_frames: int = 16
    precision: str = "auto"
    """`auto`, `fp32` or `bf16`."""
    shift_s: Fraction = Fraction(0)
    """How much later than its own time a picture's sound is taken, in seconds."""


@dataclass(frozen=True)
class SyncContext:
    """What all frames of a chunk share.

    Attributes:
        rate: output frames a second.
        frames: output frame of each row of this chunk.
        drive: rows of this chunk; None where the syncer needs none.
        crop_videos, crop_tables: the person's face clips, in the order that `drive` counts.
        supplied: what a syncer with weights of the user's needs.
    """

    rate: Fraction
    frames: NDArray[np.int32]
    drive: Drive | None
    crop_videos: Sequence[Path]
    crop_tables: Sequence[Path]
    supplied: Supplied | None = None


class Syncer(Protocol):
    """Redraws the mouths of swapped faces, some at a time."""

    batch_frames: int
    """Faces that are given at once, at most."""
    precision: str | None
    """Number format of a network, such as `float32`; None: there is none."""

    def sync(
        self, rows: Sequence[int], crops: Sequence[Frame], points: Sequence[NDArray[Any]]
    ) -> list[Spoken]:
        """Return the crops with their new mouths, and their points.

        Args:
            rows: of the chunk.
            crops: (crop_px, crop_px, 3) RGB swapped faces; not changed.
            points: (468, 2) of each face in crop pixels.
        """
        ...
