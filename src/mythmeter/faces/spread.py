"""What a few columns or a few rows of a long clip's faces say, without all points in memory."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.faces.table import FaceTrack, read_faces


def spread_faces(
    faces: Path, count: int, *, turned_deg: float, else_any: bool = False
) -> tuple[Fraction, list[tuple[int, NDArray[Any]]]]:
    """Choose frames that show a face from the front, evenly over a `faces.parquet`.

    Args:
        faces: the table.
        count: frames that are chosen, or fewer where there are not so many.
        turned_deg: yaw beyond which a face is not from the front.
        else_any: take any faces where none is from the front.

    Returns:
        The clip's rate, and (frame, points (468, 3) in clip pixels) of each frame chosen.

    Raises:
        FaceError: the file lacks the column or metadata of a face track.
    """
    rate = read_faces(faces, 0, 1).rate
    table = pq.read_table(faces, columns=["frame", "present", "yaw_deg"])
    present = table["present"].to_numpy()
    yaw = table["yaw_deg"].to_numpy(zero_copy_only=False).astype(np.float32)
    rows = np.flatnonzero(present & (np.abs(yaw) < turned_deg))
    if not len(rows) and else_any:
        rows = np.flatnonzero(present)
    if not len(rows):
        return rate, []
    places = np.unique(np.linspace(0, len(rows) - 1, count).round().astype(int))
    numbers = table["frame"].to_numpy()[rows[places]].tolist()
    return rate, [(number, _points(read_faces(faces, number, number + 1))) for number in numbers]


def _points(track: FaceTrack) -> NDArray[Any]:
    return track.points[0]


def mouth_openings(faces: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (opening, time in s) of each frame of a `faces.parquet`; NaN without a face.

    Raises:
        FaceError: the file lacks the column or metadata of a face track.
    """
    rate = read_faces(faces, 0, 1).rate
    table = pq.read_table(faces, columns=["frame", "mouth_open"])
    opening = table["mouth_open"].to_numpy(zero_copy_only=False).astype(np.float32)
    numbers = table["frame"].to_numpy().astype(np.int64)
    return opening.astype(np.float64), numbers * rate.denominator / rate.numerator
