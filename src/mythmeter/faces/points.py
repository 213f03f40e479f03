"""`points_68.parquet`: the 68 landmarks of every frame, beside the mesh of `faces.parquet`."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mythmeter.faces.landmarks.ibug import COUNT
from mythmeter.faces.rows import RowGroupWriter, floats, lists, read_rows

_POINTS: Final = pa.schema(
    [
        ("frame", pa.int32()),
        ("present", pa.bool_()),
        ("points", pa.list_(pa.float32(), COUNT * 2)),
        ("score", pa.float32()),
        ("disagreement", pa.float32()),
    ]
)


@dataclass(frozen=True)
class PointTable:
    """68 landmarks of a range of frames; arrays have one entry a frame."""

    frame: NDArray[np.int32]
    present: NDArray[np.bool_]
    points: NDArray[np.float32]
    """(n, 68, 2) in clip pixels; NaN where absent."""
    score: NDArray[np.float32]
    """Mean height of the heatmaps."""
    disagreement: NDArray[np.float32]
    """Mean distance from the mesh, jaw left out, over that of the outer eye corners."""

    def __len__(self) -> int:
        return len(self.frame)


def read_points(path: Path, start: int = 0, stop: int | None = None) -> PointTable:
    """Read frames `start` to `stop` (excluded; None: to the end).

    Raises:
        FaceError: the file is no table of 68 landmarks.
    """
    table, _ = read_rows(path, start, stop, _POINTS, ("rate",))
    return PointTable(
        frame=table["frame"].to_numpy(),
        present=table["present"].to_numpy(),
        points=lists(table["points"], (COUNT, 2)),
        score=floats(table["score"]),
        disagreement=floats(table["disagreement"]),
    )


class PointsWriter(RowGroupWriter):
    """Write `points_68.parquet` frame by frame."""

    def __init__(self, path: Path, *, rate: Fraction) -> None:
        super().__init__(path, _POINTS, {"rate": f"{rate.numerator}/{rate.denominator}"})

    def write(
        self,
        frame: int,
        points: NDArray[Any] | None = None,
        score: float | None = None,
        disagreement: float | None = None,
    ) -> None:
        """Append a frame: its (68, 2) points with what is known of them, or nothing."""
        self.append(
            {
                "frame": frame,
                "present": points is not None,
                "points": points,
                "score": score,
                "disagreement": disagreement,
            }
        )
