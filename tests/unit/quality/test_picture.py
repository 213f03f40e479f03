"""Tremble of the face, and change where nothing should change."""

from fractions import Fraction

import numpy as np
import pytest

from mythmeter.faces.mesh import CANONICAL, STABLE
from mythmeter.quality.outside import (
    differences,
    encoded_again,
    outside_metrics,
    outside_region,
    psnr_db,
)
from mythmeter.quality.stability import (
    BETWEEN_EYES,
    jitter_metric,
    jitter_percent,
    stable_points,
)

RNG = np.random.default_rng(0)
NUMBERS = np.arange(400)
FACE = CANONICAL * 100 + [120, 60]
LABEL = (slice(4, 14), slice(4, 60))


def trembling(noise_percent: float, frames: int = 400) -> np.ndarray:
    noise = RNG.normal(0, noise_percent / 100 * BETWEEN_EYES, (frames, len(STABLE), 2))
    return CANONICAL[list(STABLE)] + noise


def test_jitter_is_the_noise_of_one_frame_in_percent_of_the_eye_distance() -> None:
    value, triples = jitter_percent(trembling(0.4), NUMBERS)
    assert value == pytest.approx(0.4, rel=0.05)
    assert triples == 398


def test_a_head_that_moves_and_turns_evenly_does_not_tremble() -> None:
    frames = []
    for step in range(30):
        angle = np.radians(step)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        frames.append(stable_points((FACE - 100) @ turn.T * (1 + step / 100) + 3 * step))
    assert jitter_percent(np.stack(frames), NUMBERS[:30])[0] < 1e-6


def test_the_jump_of_a_loop_and_lost_faces_are_not_counted() -> None:
    points = trembling(0.1, 60)
    points[30:] += 0.5
    points[10] = np.nan
    numbers = np.concatenate([np.arange(30), np.arange(30)])
    value, triples = jitter_percent(points, numbers)
    assert value == pytest.approx(0.1, rel=0.2)
    assert triples == 58 - 2 - 3


def test_no_face_at_all_is_a_reason() -> None:
    nothing = np.stack([stable_points(None)] * 10)
    metric = jitter_metric(nothing, nothing, NUMBERS[:10])
    assert metric.value is None
    assert metric.reason


def test_face_and_label_are_not_outside() -> None:
    region = outside_region((320, 240), [FACE], LABEL)
    assert not region[110, 170]
    assert not region[8, 30]
    assert region[230, 10]
    inside = ~region
    inside[LABEL] = False
    rows = np.flatnonzero(inside.any(axis=1))
    low, high = FACE[:, 1].min(), FACE[:, 1].max()
    assert low - rows[0] == pytest.approx(0.15 * (high - low), abs=2)


def test_change_inside_the_face_does_not_count_and_change_outside_does() -> None:
    picture = RNG.integers(0, 200, (240, 320, 3), dtype=np.uint8)
    region = outside_region((320, 240), [FACE], LABEL)
    other = picture.copy()
    other[100:120, 160:180] += 50
    assert differences(other, picture, region) == (0.0, 0.0)
    other[200:, :] += 10
    absolute, squared = differences(other, picture, region)
    assert absolute == pytest.approx(10 * region[200:].sum() / region.sum())
    assert squared == pytest.approx(10 * absolute)


def test_psnr_follows_its_definition() -> None:
    assert psnr_db(255.0**2) == pytest.approx(0.0)
    assert psnr_db(255.0**2 / 1000) == pytest.approx(30.0)
    assert psnr_db(0.0) == 99.0


def test_the_control_says_what_encoding_alone_does() -> None:
    frames = [RNG.integers(0, 255, (64, 96, 3), dtype=np.uint8) for _ in range(5)]
    everywhere = [np.ones((64, 96), bool)] * 5
    fine = encoded_again(frames, everywhere, Fraction(25), crf=4, preset="veryfast")
    coarse = encoded_again(frames, everywhere, Fraction(25), crf=40, preset="veryfast")
    assert 0 < fine[0] < coarse[0]
    metrics = outside_metrics([(1.0, 2.0), (3.0, 4.0), (float("nan"),) * 2], fine, 5)
    assert metrics["change_outside_face"].value == 2.0
    assert metrics["change_outside_face"].n == 2
    assert metrics["change_outside_face"].as_json()["control_n"] == {"encoded_again": 5}
    assert metrics["psnr_outside_face"].value == pytest.approx(psnr_db(3.0))


def test_a_face_that_fills_the_picture_leaves_nothing_to_compare() -> None:
    metrics = outside_metrics([(float("nan"), float("nan"))], (1.0, 1.0), 1)
    assert metrics["change_outside_face"].value is None
