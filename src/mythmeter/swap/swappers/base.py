"""What a swapper is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mythmeter.swap.crops import Crop

if TYPE_CHECKING:
    import torch
    from torch import nn

    from mythmeter.swap.dataset import PairFootage
    from mythmeter.swap.learning.schedule import Schedule


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
    """Draws one person's face on any performer, in two passes over the performer's crops.

    Crops given to a swapper always have a face. They come as a stream, twice, so a swapper keeps no
    pictures of them.
    """

    name: ClassVar[str]
    """Name in the config."""
    version: ClassVar[int]
    """Of the tensors; a model of another version is not read."""

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Restore a face from its tensors."""
        ...

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that is known of the face."""
        ...

    def study(self, crops: Iterable[Crop], *, own: bool = False) -> Any:
        """First pass: look at all of a performance, and return what `draw` needs to know.

        `own`: the performer is the person, whose points have the person's shape already.
        """
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


class PersonSwapper(Swapper, Protocol):
    """Learns from crops of the person alone, once for all performers."""

    @classmethod
    def train(cls, crops: Iterable[Crop], settings: Settings) -> Self:
        """Learn a face from crops of one person.

        Args:
            crops: at most as many as the configuration says, in order of filming.
            settings: from the `swap` section of the configuration.
        """
        ...


class PairSwapper(Swapper, Protocol):
    """Learns from crops of the person and of one performer, by a loop that iterates."""

    @classmethod
    def schedule(cls, preset: str) -> "Schedule":
        """How long a preset trains."""
        ...

    @classmethod
    def learner(cls, footage: "PairFootage", preset: str, device: "torch.device") -> "PairLearner":
        """Prepare a network and its footage on the device."""
        ...

    @classmethod
    def of(cls, learner: Any, network: "nn.Module") -> Self:
        """The face that a learner's trained network knows."""
        ...


class PairLearner(Protocol):
    """A `Learner` that knows what its face is for."""

    network: "nn.Module"

    def warm_start(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Begin with the encoder of a model of another pair.

        Raises:
            ModelError: it has no encoder of this size.
        """
        ...

    def expression_error(self, network: "nn.Module") -> dict[str, float | None]:
        """Error of eyes and mouth drawn for the person's own frames: trained on, and held out.

        Root mean square over the boxes round eyes and mouth, in levels of 255, without what stays
        the same all through a clip and without each frame's brightness: the light and pose of
        another day are no expression.
        """
        ...
