"""What a swapper is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mythmeter.swap.crops import Crop


@dataclass(frozen=True)
class Drawn:
    """The person's face drawn where the performer's is, not yet matched in colour."""

    picture: NDArray[np.uint8]
    """(crop_px, crop_px, 3) RGB."""
    covered: NDArray[np.bool_]
    """(crop_px, crop_px): where there is a face; elsewhere the picture means nothing."""
    points: NDArray[np.float32]
    """(468, 2) of the drawn face, in crop pixels."""


@dataclass(frozen=True)
class Equipment:
    """Files that a swapper needs beside what it learnt, and where they run."""

    files: Mapping[str, Path]
    """By role."""
    provider: str
    """Of ONNX Runtime."""


@dataclass(frozen=True)
class Settings:
    """How a face is learnt."""

    texture_px: int
    """Side of the square texture."""
    components: int
    """Principal components of each region of the texture."""
    equipment: Equipment | None = None
    """For swappers that learn with a model of the user's."""


class Swapper(Protocol):
    """Learns one person's face from crops, then draws it on any performer in two passes.

    Crops given to a swapper always have a face. A performer's crops come as a stream, twice, so a
    swapper keeps no pictures of them.
    """

    name: ClassVar[str]
    """Name in the config."""
    version: ClassVar[int]
    """Of the tensors; a model of another version is not read."""

    @classmethod
    def train(cls, crops: Iterable[Crop], settings: Settings) -> Self:
        """Learn a face from crops of one person.

        Args:
            crops: at most as many as the configuration says, in order of filming.
            settings: from the `swap` section of the configuration.
        """
        ...

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Restore a face from its tensors."""
        ...

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that is known of the face."""
        ...

    def study(self, crops: Iterable[Crop]) -> Any:
        """First pass: look at all of a performance, and return what `draw` needs to know."""
        ...

    def draw(self, crops: Sequence[Crop], performance: Any, row: int) -> list[Drawn]:
        """Second pass over the same crops, some at a time: draw the person's face for each.

        `row` is the number of crops that came before these.
        """
        ...


@runtime_checkable
class NeedsEquipment(Protocol):
    """A swapper that draws with a model of the user's."""

    def equip(self, equipment: Equipment) -> None:
        """Load what is needed before the first drawing.

        Raises:
            ModelError: a file is not what it should be.
            DeviceError: it does not load where it should run.
        """
        ...
