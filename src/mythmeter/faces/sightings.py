"""Sightings of a clip's faces, kept in a scratch file until it is known whose they are.

A sighting is 6 kB; an hour of them would not stay in memory. Of each, 60 bytes do.
"""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.follow import Sighting, box_of
from mythmeter.faces.measures import pose_deg
from mythmeter.faces.mesh import POINTS

_RECORD: Final = np.dtype([("points", "f4", (POINTS, 3)), ("irises", "f4", (10, 2))])
_INDEX: Final = np.dtype(
    [
        ("frame", "i4"),
        ("tracklet", "i4"),
        ("score", "f4"),
        ("box", "f4", 4),
        ("yaw_deg", "f4"),
        ("pitch_deg", "f4"),
        ("sharpness", "f4"),
    ]
)


class Sightings:
    """Append sightings frame by frame, then read any of them again by its row."""

    def __init__(self, folder: Path) -> None:
        """Open the scratch file in a folder; it is gone when this is closed."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._index = np.zeros(1024, _INDEX)
        self._rows = 0

    def append(self, frame: int, sighting: Sighting, sharpness: float) -> int:
        """Keep a sighting; return its row."""
        seen = sighting.seen
        record = np.full(1, np.nan, _RECORD)
        for name, value in (("points", seen.points), ("irises", seen.irises)):
            if value is not None:
                record[name][0] = value
        if self._rows == len(self._index):
            self._index = np.concatenate([self._index, np.zeros_like(self._index)])
        yaw, pitch, _ = pose_deg(seen.points)
        self._index[self._rows] = (
            *(frame, sighting.tracklet, np.nan if seen.score is None else seen.score),
            *(box_of(seen.points), yaw, pitch, sharpness),
        )
        self._file.write(record.tobytes())
        self._rows += 1
        return self._rows - 1

    def __len__(self) -> int:
        return self._rows

    @property
    def index(self) -> NDArray[Any]:
        """One entry a sighting: frame, tracklet, score, box, yaw_deg, pitch_deg, sharpness."""
        return self._index[: self._rows]

    def record(self, row: int) -> Any:
        """Points (468, 3) and irises (10, 2) of a sighting; NaN: not given."""
        self._file.seek(row * _RECORD.itemsize)
        return np.frombuffer(self._file.read(_RECORD.itemsize), _RECORD)[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
