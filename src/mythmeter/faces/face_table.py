"""`faces.parquet`: the tracked face of every frame of a clip. Columns: `docs/files.md`."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.faces.mesh import OVAL, POINTS
from mythmeter.faces.rows import Array, RowGroupWriter, floats, lists, read_rows

_MEASURES: Final = ("yaw_deg", "pitch_deg", "roll_deg", "eye_left", "eye_right", "mouth_open")

_FACES: Final = pa.schema(
    [
        ("frame", pa.int32()),
        ("present", pa.bool_()),
        ("reason", pa.string()),
        ("score", pa.float32()),
        ("points", pa.list_(pa.float32(), POINTS * 3)),
        ("points_raw", pa.list_(pa.float32(), POINTS * 3)),
        *((name, pa.float32()) for name in _MEASURES),
        ("box", pa.list_(pa.float32(), 4)),
        ("irises", pa.list_(pa.float32(), 20)),
        ("span", pa.int32()),
        ("swappable", pa.bool_()),
        ("unswappable_reason", pa.string()),
        ("opacity", pa.float32()),
        ("visibility", pa.float32()),
        ("sharpness", pa.float32()),
        ("identity_distance", pa.float32()),
        ("identity_frame", pa.int32()),
        ("hands", pa.list_(pa.float32())),
        ("luma_step", pa.float32()),
    ]
)


@dataclass(frozen=True)
class FaceTrack:
    """The tracked face of a clip, or of a range of its frames; arrays have one entry a frame."""

    rate: Fraction
    """Frames a second."""
    width: int
    height: int
    """Pixels of `clip.mp4`."""
    frame: NDArray[np.int32]
    """Frame numbers, ascending without gaps."""
    present: NDArray[np.bool_]
    reason: tuple[str | None, ...]
    """Why there is no face; None where there is one."""
    score: Array
    points: Array
    """(n, 468, 3) x, y, z in clip pixels, smoothed; NaN where absent."""
    points_raw: Array
    """The same, unsmoothed."""
    yaw_deg: Array
    pitch_deg: Array
    roll_deg: Array
    eye_left: Array
    eye_right: Array
    """Openness: lid distance over eye width."""
    mouth_open: Array
    """Inner-lip distance over inter-ocular distance."""
    box: Array
    """(n, 4) left, top, right, bottom of the face's outline, in clip pixels."""
    irises: Array
    """(n, 10, 2) the subject's right iris, then the left; NaN where the backend gives none."""
    span: NDArray[np.int32]
    """Number of the unbroken stretch of the target's face; -1 where absent."""
    swappable: NDArray[np.bool_]
    """False where the face is absent, or too turned or blurred to be replaced."""
    opacity: Array
    """How much of the swap is to be seen: 0 where not swappable, rising beside such frames."""
    visibility: Array
    """Share of the face that no hand covers."""
    identity_distance: Array
    """To the reference, by the nearest frame in which it was measured; NaN where it never was."""
    hands: tuple[tuple[NDArray[np.float32], ...], ...]
    """(21, 2) points of each hand near the face, in clip pixels."""

    def __len__(self) -> int:
        return len(self.frame)


def read_faces(path: Path, start: int = 0, stop: int | None = None) -> FaceTrack:
    """Read `faces.parquet`, frames `start` to `stop` (excluded; None: to the end).

    Raises:
        FaceError: the file lacks the column or metadata of a face track.
    """
    table, metadata = read_rows(path, start, stop, _FACES, ("rate", "width", "height"))
    numbers = ("score", *_MEASURES, "opacity", "visibility", "identity_distance")
    column = {name: floats(table[name]) for name in numbers}
    return FaceTrack(
        rate=Fraction(metadata["rate"]),
        width=int(metadata["width"]),
        height=int(metadata["height"]),
        frame=table["frame"].to_numpy(),
        present=table["present"].to_numpy(),
        reason=tuple(table["reason"].to_pylist()),
        points=lists(table["points"], (POINTS, 3)),
        points_raw=lists(table["points_raw"], (POINTS, 3)),
        box=lists(table["box"], (4,)),
        irises=lists(table["irises"], (10, 2)),
        span=pc.fill_null(table["span"], -1).to_numpy(),
        swappable=table["swappable"].to_numpy(),
        hands=tuple(_hands(row) for row in table["hands"].to_pylist()),
        **column,
    )


def read_luma_step(path: Path) -> Array:
    """Return (frames,) how much each frame of a clip differs from the one before: `media.steps`.

    NaN in the first frame, and where it was not measured.
    """
    return floats(pq.read_table(path, columns=["luma_step"])["luma_step"])


def _hands(values: list[float] | None) -> tuple[NDArray[np.float32], ...]:
    return tuple(np.asarray(values or [], np.float32).reshape(-1, 21, 2))


class FacesWriter(RowGroupWriter):
    """Write `faces.parquet` frame by frame."""

    def __init__(self, path: Path, *, rate: Fraction, width: int, height: int, frames: int) -> None:
        metadata = {
            "rate": f"{rate.numerator}/{rate.denominator}",
            "width": str(width),
            "height": str(height),
            "frames": str(frames),
        }
        super().__init__(path, _FACES, metadata)

    def write(
        self,
        frame: int,
        *,
        reason: str | None = None,
        score: float | None = None,
        points: NDArray[Any] | None = None,
        points_raw: NDArray[Any] | None = None,
        measures: Mapping[str, float] | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """Append a frame: with points (468, 3) and measures, or with the reason for having none.

        `state` gives further columns by name; without it the face counts as seen whole, swappable
        and the target's.
        """
        row = {
            "frame": frame,
            "present": points is not None,
            "reason": reason,
            "score": score,
            "points": points,
            "points_raw": points_raw,
        }
        row.update({name: None if measures is None else measures[name] for name in _MEASURES})
        row.update(self._usual(points) | dict(state or {}))
        self.append(row)

    @staticmethod
    def _usual(points: NDArray[Any] | None) -> dict[str, Any]:
        """Further columns of a frame of which nothing more is known."""
        present = points is not None
        outline = None if points is None else np.asarray(points)[list(OVAL), :2]
        return {
            "box": None if outline is None else [*outline.min(axis=0), *outline.max(axis=0)],
            "irises": None,
            "span": 0 if present else None,
            "swappable": present,
            "unswappable_reason": None,
            "opacity": 1.0 if present else 0.0,
            "visibility": 1.0 if present else None,
            "sharpness": None,
            "identity_distance": None,
            "identity_frame": None,
            "hands": None,
            "luma_step": None,
        }
