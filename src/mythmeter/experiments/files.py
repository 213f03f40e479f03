"""What the pieces of stages are run on: files of one person and one target."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Material:
    """Files of a run, made once for all variants."""

    clip: Path
    """`clip.mp4` of the target."""
    faces: Path
    crops: tuple[Path, Path]
    """`crops.mkv` and `crops.parquet` of the target."""
    masks: Path
    person_crops: tuple[tuple[Path, Path], ...]
    """The same as `crops`, of every clip that shows the person's face."""
    swap_model: Path
    """What `closed_form` knows of the person's face."""
    voice: Path
    models: Mapping[str, Path]
    """Fetched files by their names in the catalogue."""


@dataclass(frozen=True)
class Scale:
    """How much is run."""

    start_s: float
    """Where the segment of the target begins."""
    segment_s: float
    """Seconds of footage that a run works on."""
    samples: int
    """Of a training."""
    text: str
    """What is said."""
    threads: int
    """Most threads of the job."""
    scratch: Path
    """An empty folder that is deleted afterwards."""
    device: str
    """`cpu` or `cuda`."""
    encoder: tuple[int, str]
    """`render.crf` and `render.preset`."""
    landmarks: str
