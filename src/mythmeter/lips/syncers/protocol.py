"""What a syncer is given, and what it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mythmeter.lips.table import Drive
from mythmeter.media.decode import Frame


@dataclass(frozen=True)
class SyncContext:
    """What all frames of a chunk share.

    Attributes:
        drive: rows of this chunk.
        crop_videos, crop_tables: the person's face clips, in the order that `drive` counts.
    """

    drive: Drive
    crop_videos: Sequence[Path]
    crop_tables: Sequence[Path]


class Syncer(Protocol):
    """Redraws the mouth of one swapped face after another."""

    def sync(
        self, row: int, crop: Frame, points: NDArray[Any]
    ) -> tuple[Frame, NDArray[np.float64]]:
        """Return the crop with its new mouth, and its points (468, 2).

        Args:
            row: of the chunk's drive.
            crop: (crop_px, crop_px, 3) RGB swapped face; not changed.
            points: (468, 2) of that face in crop pixels.
        """
        ...
