"""Tables of aligned crops: of a clip, of swapped faces or of synced lips; `docs/files.md`."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mythmeter.faces.mesh import POINTS
from mythmeter.faces.rows import Array, RowGroupWriter, floats, lists, read_rows

LEAST_VISIBLE: Final = 0.97
"""Frames in which a hand covers more than the rest of the face are not learnt from."""

_CROP_STATE: Final = ("visibility", "span")

_CROPS: Final = pa.schema(
    [
        ("frame", pa.int32()),
        ("present", pa.bool_()),
        ("matrix", pa.list_(pa.float32(), 6)),
        ("points", pa.list_(pa.float32(), POINTS * 2)),
        ("visibility", pa.float32()),
        ("span", pa.int32()),
    ]
)


@dataclass(frozen=True)
class CropTable:
    """Aligned crops, one entry a frame: crops of a clip, swapped faces or synced lips."""

    rate: Fraction
    """Frames a second."""
    crop_px: int
    frame: NDArray[np.int32]
    present: NDArray[np.bool_]
    matrix: NDArray[np.float32]
    """(n, 2, 3) clip pixels to crop pixels; NaN where absent."""
    points: Array
    """(n, 468, 2) in crop pixels; NaN where absent."""
    visibility: Array | None = None
    """Share of the face that nothing covers; None: all of it."""
    span: NDArray[np.int32] | None = None
    """Number of the unbroken stretch, -1 where absent; None: there is one."""

    def __len__(self) -> int:
        return len(self.frame)

    def clear(self, least_visible: float = LEAST_VISIBLE) -> NDArray[np.bool_]:
        """Which frames show the face, at least so much of it uncovered."""
        if self.visibility is None:
            return self.present
        return self.present & (np.nan_to_num(self.visibility) >= least_visible)


def read_crops(path: Path, start: int = 0, stop: int | None = None) -> CropTable:
    """Read a table of crops, rows whose `frame` lies in `start` to `stop` (excluded).

    Raises:
        FaceError: the file lacks the column or metadata of a table of crops.
    """
    table, metadata = read_rows(path, start, stop, _CROPS, ("rate", "crop_px"))
    return CropTable(
        rate=Fraction(metadata["rate"]),
        crop_px=int(metadata["crop_px"]),
        frame=table["frame"].to_numpy(),
        present=table["present"].to_numpy(),
        matrix=lists(table["matrix"], (2, 3)),
        points=lists(table["points"], (POINTS, 2)),
        visibility=floats(table["visibility"]),
        span=pc.fill_null(table["span"], -1).to_numpy(),
    )


def write_crops(path: Path, crops: CropTable) -> None:
    """Write a whole table of crops; for long ones use `CropsWriter`."""
    with CropsWriter(path, rate=crops.rate, crop_px=crops.crop_px) as writer:
        for row, frame in enumerate(crops.frame):
            present = bool(crops.present[row])
            writer.write(
                int(frame),
                crops.matrix[row] if present else None,
                crops.points[row] if present else None,
                1.0 if crops.visibility is None else float(crops.visibility[row]),
                0 if crops.span is None else int(crops.span[row]),
            )


class CropsWriter(RowGroupWriter):
    """Write a table of crops frame by frame."""

    def __init__(self, path: Path, *, rate: Fraction, crop_px: int) -> None:
        metadata = {"rate": f"{rate.numerator}/{rate.denominator}", "crop_px": str(crop_px)}
        super().__init__(path, _CROPS, metadata)

    def write(
        self,
        frame: int,
        matrix: NDArray[Any] | None,
        points: NDArray[Any] | None,
        visibility: float = 1.0,
        span: int = 0,
    ) -> None:
        """Append a frame: its (2, 3) matrix and (468, 2) crop points, or None and None.

        `visibility` is the share of the face that nothing covers, `span` the number of the
        unbroken stretch that the frame belongs to.
        """
        present = matrix is not None and points is not None
        row: dict[str, Any] = {"frame": frame, "present": present}
        row |= {"matrix": matrix, "points": points}
        row |= {"visibility": visibility, "span": span} if present else dict.fromkeys(_CROP_STATE)
        self.append(row)
