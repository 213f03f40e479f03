"""Colour over time: what flickers in one frame's measurement does not flicker in the swap."""

import numpy as np
import pytest
from drawn_faces import CROP_PX, PERSON, TEXTURE_PX
from numpy.typing import NDArray

from mythmeter.faces.align import canonical_to_crop, transform
from mythmeter.faces.mask import face_mask
from mythmeter.faces.warp import texture_points, warp
from mythmeter.swap.composite import Finisher
from mythmeter.swap.crops import Crop
from mythmeter.swap.swappers.base import Drawn

POINTS = transform(PERSON.shape(0.02, 0.0), canonical_to_crop(CROP_PX)).astype(np.float32)
INSIDE = face_mask(POINTS, CROP_PX) > 0.9


def drawn() -> Drawn:
    picture, covered = warp(PERSON.texture(), texture_points(TEXTURE_PX), POINTS, CROP_PX)
    return Drawn(picture, covered, POINTS)


def crops(light: NDArray[np.float64], spans: NDArray[np.int64]) -> list[Crop]:
    """A plain face under a light that changes, in levels."""
    return [
        Crop(
            n, np.full((CROP_PX, CROP_PX, 3), round(level), np.uint8), POINTS, np.eye(2, 3), span=s
        )
        for n, (level, s) in enumerate(zip(light, spans.tolist(), strict=True))
    ]


def levels(frames: list[Crop]) -> NDArray[np.float64]:
    """Mean level of each finished face."""
    finisher, face = Finisher(), drawn()
    finished = [f for crop in frames for f in finisher.push(crop, face)] + finisher.flush()
    assert [f.crop.frame for f in finished] == [c.frame for c in frames]
    return np.array([f.picture[INSIDE].mean() for f in finished])


def test_flicker_of_the_measured_light_is_smoothed() -> None:
    light = 120 + np.random.default_rng(5).normal(0, 6, 40)
    seen = levels(crops(light, np.zeros(40, np.int64)))
    assert np.diff(seen, 2).std() < 0.35 * np.diff(light, 2).std()


def test_light_that_really_changes_is_followed_without_delay() -> None:
    light = 120 + 40 * np.sin(np.arange(60) / 9)
    seen = levels(crops(light, np.zeros(60, np.int64)))
    lags = range(-3, 4)
    match = [np.corrcoef(seen[5:-5], light[5 + lag : len(light) - 5 + lag])[0, 1] for lag in lags]
    assert lags[int(np.argmax(match))] == 0


def test_colour_never_leaks_across_a_cut() -> None:
    light = np.array([80.0] * 10 + [160.0] * 10)
    seen = levels(crops(light, np.repeat([0, 1], 10)))
    assert np.ptp(seen[:10]) < 0.5
    assert np.ptp(seen[10:]) < 0.5
    assert seen[10] - seen[9] > 50


@pytest.mark.parametrize("gone", [0, 5, 9])
def test_frames_without_a_drawn_face_keep_their_place(gone: int) -> None:
    finisher, face = Finisher(), drawn()
    frames = crops(np.full(10, 120.0), np.zeros(10, np.int64))
    out = [f for c in frames for f in finisher.push(c, None if c.frame == gone else face)]
    out += finisher.flush()
    assert [f.crop.frame for f in out] == list(range(10))
    assert np.array_equal(out[gone].picture, frames[gone].picture)
