"""Colour from the original through the uniform clip to what is written."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.media.colour import BT709, WrittenColour
from mythmeter.media.decode import frame_rate, frame_size, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.media.probe import Colour, probe
from mythmeter.media.verdict import render_colour

Make = Callable[..., Path]


def first_planes(path: Path) -> NDArray[np.int16]:
    """Y, U and V of the first picture as they are stored, one plane below the other."""
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
        assert picture.format.name in ("yuv420p", "yuvj420p")
        planes: NDArray[np.int16] = picture.to_ndarray().astype(np.int16)
        return planes


@pytest.mark.parametrize(
    "colour",
    [
        Colour("bt709", "bt709", "bt709", "limited"),
        Colour("bt709", "bt709", "bt709", "full"),
        Colour("smpte170m", "smpte170m", "smpte170m", "limited"),
        Colour("bt470bg", "smpte170m", "bt470bg", "full"),
    ],
    ids=lambda colour: f"{colour.matrix}-{colour.range}",
)
def test_what_goes_back_has_the_originals_tags_and_values(
    make: Make, normalise: Make, tmp_path: Path, colour: Colour
) -> None:
    matrix = "bt709" if colour.matrix == "bt709" else "bt601"
    source = make(
        "source.mp4",
        "gradients=s=128x96:r=25:d=0.2:c0=0xC81E28:c1=0x2840D0:x0=0:y0=0:x1=127:y1=95,"
        f"scale=out_color_matrix={matrix}:out_range={colour.range},format=yuv420p,"
        f"setparams=colorspace={colour.matrix}:range={colour.range}"
        f":color_primaries={colour.primaries}:color_trc={colour.transfer}",
        *["-c:v", "libx264", "-crf", "4"],
    )
    clip = normalise(source)
    assert probe(clip).colour == Colour("bt709", "bt709", "bt709", "limited")
    back = tmp_path / "back.mp4"
    with VideoWriter(
        back,
        rate=frame_rate(clip),
        size=frame_size(clip),
        codec="libx264",
        options={"crf": "4", "preset": "veryfast"},
        colour=render_colour(clip.with_name("verdict.json")),
    ) as writer:
        for frame in read_frames(clip):
            writer.write(frame)
    assert probe(back).colour == probe(source).colour == colour
    assert np.abs(first_planes(back) - first_planes(source)).mean() < 1.5
    same = zip(read_frames(back), read_frames(source), strict=True)
    assert max(np.abs(a.astype(int) - b).mean() for a, b in same) < 2.5


@pytest.mark.parametrize(
    "found",
    [
        Colour("bt2020", "smpte2084", "bt2020nc", "limited"),
        Colour("smpte432", "bt709", "bt709", "limited"),
        Colour("bt709", "iec61966-2-1", "rgb", "full"),
    ],
    ids=["HDR", "wide gamut", "RGB"],
)
def test_what_ingest_mapped_to_another_space_stays_there(found: Colour) -> None:
    assert WrittenColour.of_original(found) == BT709
