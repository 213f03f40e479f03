"""A contact sheet for the eye: untouched footage above, the render below."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError
from mythmeter.media.decode import Frame

SHEET_FRAMES = 8
COLUMNS = 4
TILE_PX = 360


def write_sheet(path: Path, pictures: Sequence[tuple[int, Frame, Frame]], rate: Fraction) -> None:
    """Write a JPEG of (frame number, untouched, render) pairs, the untouched one above.

    Raises:
        MediaError: it could not be written.
    """
    tiles = [
        np.vstack([_tile(untouched, f"{number}  footage"), _tile(render, _caption(number, rate))])
        for number, untouched, render in pictures
    ]
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % min(COLUMNS, len(tiles)))
    columns = min(COLUMNS, len(tiles))
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    picture = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    with replacing(path) as partial:
        if not cv2.imwrite(str(partial), picture, [cv2.IMWRITE_JPEG_QUALITY, 88]):
            raise MediaError(f"{path}: the contact sheet could not be written.")


def _caption(number: int, rate: Fraction) -> str:
    return f"{number}  {float(number / rate):.2f} s  render"


def _tile(frame: Frame, caption: str) -> NDArray[np.uint8]:
    height = round(TILE_PX * frame.shape[0] / frame.shape[1])
    tile = cv2.resize(frame, (TILE_PX, height), interpolation=cv2.INTER_AREA)
    place = (6, height - 8)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(
            tile, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, thickness, cv2.LINE_AA
        )
    return np.asarray(tile, np.uint8)
