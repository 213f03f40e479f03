"""In which colour space H.264 is written: RGB to YCbCr by a matrix and a range, and the tags."""

from dataclasses import dataclass
from typing import Any, Final

from av.video.reformatter import ColorRange, Colorspace

from mythmeter.media.probe import Colour

MATRICES: Final = {
    "bt709": (1, Colorspace.ITU709),
    "fcc": (4, Colorspace.FCC),
    "bt470bg": (5, Colorspace.ITU601),
    "smpte170m": (6, Colorspace.ITU601),
    "smpte240m": (7, Colorspace.SMPTE240M),
}
"""Code of H.273, and the conversion: BT.470BG and SMPTE 170M are the matrix of BT.601."""
PRIMARIES: Final = {"bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7}
TRANSFERS: Final = {
    **{"bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7},
    **{"linear": 8, "iec61966-2-1": 13},
}
"""Codes of ITU-T H.273, tables 2 and 3."""
RANGES: Final = {"limited": ColorRange.MPEG, "full": ColorRange.JPEG}


@dataclass(frozen=True)
class WrittenColour:
    """Colour of a file that is written, in FFmpeg's names.

    Raises:
        KeyError: a name that is not in the tables above.
    """

    primaries: str = "bt709"
    transfer: str = "bt709"
    matrix: str = "bt709"
    range: str = "limited"

    @classmethod
    def of_original(cls, found: Colour) -> "WrittenColour":
        """Return the colour that a render of this original keeps.

        Ingest changes matrix and range of 8-bit pictures and leaves primaries and transfer as they
        are, so a render goes back without a loss of meaning. What ingest mapped to another gamut or
        brightness (HDR, wide gamut, RGB) cannot go back: such a render is BT.709.
        """
        known = (
            found.primaries in PRIMARIES
            and found.transfer in TRANSFERS
            and found.matrix in MATRICES
            and found.range in RANGES
        )
        return cls(found.primaries, found.transfer, found.matrix, found.range) if known else BT709

    def tag(self, context: Any) -> None:
        """Tell an encoder what its pictures are."""
        context.color_range = RANGES[self.range]
        context.colorspace = MATRICES[self.matrix][0]
        context.color_primaries = PRIMARIES[self.primaries]
        context.color_trc = TRANSFERS[self.transfer]

    def converted(self, picture: Any) -> Any:
        """Return an RGB picture of PyAV as yuv420p."""
        return picture.reformat(
            format="yuv420p",
            dst_colorspace=MATRICES[self.matrix][1],
            dst_color_range=RANGES[self.range],
        )


BT709: Final = WrittenColour()
