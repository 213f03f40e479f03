"""What is worked out of all frames of a clip costs memory for each frame, not for each pair."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.faces.blocks import ROWS, crop_blocks
from mythmeter.faces.lock import Locker, Sample
from mythmeter.faces.mesh import POINTS
from mythmeter.faces.spread import mouth_openings, spread_faces
from mythmeter.faces.swappable import FADE_FRAMES, _faded
from mythmeter.faces.table import CropsWriter, FacesWriter

RATE = Fraction(30_000, 1001)
MEASURES = dict.fromkeys(("pitch_deg", "roll_deg", "eye_left", "eye_right"), 0.0)


def points(number: int) -> NDArray[np.float32]:
    return np.full((POINTS, 3), number, np.float32)


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """1,000 frames: every third without a face, those after the 600th turned away."""
    path = tmp_path / "faces.parquet"
    with FacesWriter(path, rate=RATE, width=64, height=64, frames=1000) as rows:
        for number in range(1000):
            if number % 3 == 0:
                rows.write(number, reason="no face detected")
                continue
            turned = 50.0 if number > 600 else 1.0
            measures = MEASURES | {"yaw_deg": turned, "mouth_open": number / 1000}
            rows.write(number, points=points(number), points_raw=points(number), measures=measures)
    return path


def test_faces_are_spread_over_the_frontal_ones_with_their_own_points(faces: Path) -> None:
    rate, chosen = spread_faces(faces, 5, turned_deg=30)
    numbers = [number for number, _ in chosen]
    assert (rate, numbers[0], numbers[-1], len(numbers)) == (RATE, 1, 599, 5)
    assert np.ptp(np.diff(numbers)) <= 2
    assert all((found == number).all() for number, found in chosen)
    assert spread_faces(faces, 5, turned_deg=0.5)[1] == []
    assert len(spread_faces(faces, 5, turned_deg=0.5, else_any=True)[1]) == 5


def test_mouths_are_read_with_exact_times(faces: Path) -> None:
    opening, times_s = mouth_openings(faces)
    assert np.isnan(opening[0])
    assert opening[997] == np.float32(0.997)
    assert times_s[999] == float(999 / RATE)


def test_a_table_of_crops_in_blocks_is_all_of_it_once(tmp_path: Path) -> None:
    path = tmp_path / "crops.parquet"
    for frames in (2 * ROWS, 2 * ROWS + 1):
        with CropsWriter(path, rate=RATE, crop_px=64) as rows:
            for number in range(frames):
                rows.write(number, np.eye(2, 3), np.full((POINTS, 2), number))
        blocks = list(crop_blocks(path))
        assert np.concatenate([b.frame for b in blocks]).tolist() == list(range(frames))
        assert max(len(block) for block in blocks) == ROWS
    part = np.concatenate([block.frame for block in crop_blocks(path, 250, 300)])
    assert part.tolist() == list(range(250, 300))


def test_the_fade_follows_the_nearest_frame_that_is_not_swapped() -> None:
    visible = (np.random.default_rng(8).random(400) > 0.05).astype(np.float32)
    hidden = np.flatnonzero(visible == 0)
    away = [min(abs(number - other) for other in hidden) for number in range(400)]
    wanted = np.clip(np.array(away) / (FADE_FRAMES + 1), 0, 1).astype(np.float32)
    assert len(hidden) > 5
    assert np.array_equal(_faded(visible), wanted)


def test_each_frame_is_given_the_nearest_sample_the_earlier_of_two() -> None:
    index = np.zeros(60, [("frame", "i4"), ("tracklet", "i4"), ("box", "f4", 4)])
    index["frame"] = np.arange(60)
    locker = Locker(index, 25.0, lambda row: np.full(128, row / 1000))
    locker.add_samples([Sample(row, np.full(128, row / 1000)) for row in (10, 20, 41, 59)])
    found = locker._nearest_samples(np.arange(60), np.zeros(128))[1]
    rows = np.array([10, 20, 41, 59])
    assert found.tolist() == [int(rows[np.abs(rows - n).argmin()]) for n in range(60)]
    assert found[15] == 10
