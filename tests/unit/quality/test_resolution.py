"""How fine a face is, found by what reducing the footage takes from it."""

import cv2
import numpy as np
import pytest

from mythmeter.faces.mesh import CANONICAL, OVAL
from mythmeter.quality.outside import outside_region
from mythmeter.quality.resolution import Detail, detail, resolution_metric

FACE = CANONICAL * 120 + [100, 60]
OUTSIDE = outside_region((320, 240), [FACE], (slice(0, 0), slice(0, 0)))
WIDTH = float(np.ptp(FACE[list(OVAL), 0]))


def picture(seed: int) -> np.ndarray:
    """Noise whose power falls with frequency, as that of photographs does."""
    noise = np.random.default_rng(seed).normal(0, 1, (240, 320))
    down = np.hypot(np.fft.fftfreq(240)[:, None], np.fft.fftfreq(320)[None, :])
    down[0, 0] = 1
    natural = np.fft.ifft2(np.fft.fft2(noise) / down).real
    grey = np.clip(128 + 40 * natural / natural.std(), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def drawn_at(original: np.ndarray, share: float) -> np.ndarray:
    """The original, its face replaced by one that was drawn at this share of its size."""
    small = cv2.resize(original, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(small, (320, 240), interpolation=cv2.INTER_LINEAR)
    return np.where(OUTSIDE[..., None], original, coarse)


def measured(share: float) -> list[Detail | None]:
    originals = [picture(seed) for seed in range(4)]
    return [detail(drawn_at(o, share), o, FACE, OUTSIDE) for o in originals]


@pytest.mark.parametrize("share", [0.7, 0.5, 0.35])
def test_a_face_drawn_small_and_enlarged_is_worth_the_size_it_was_drawn_at(share: float) -> None:
    metric = resolution_metric(measured(share))["face_resolution"]
    assert metric.value == pytest.approx(share * WIDTH, rel=0.2)
    assert metric.n == 4
    assert metric.controls["untouched_footage"] == pytest.approx(WIDTH, rel=0.01)
    assert metric.controls["picture_around_the_face"] == pytest.approx(WIDTH, rel=0.05)


def test_an_untouched_face_is_worth_its_own_size() -> None:
    value = resolution_metric(measured(1.0))["face_resolution"].value
    assert value == pytest.approx(WIDTH, rel=0.05)


def test_blur_over_the_whole_picture_is_seen_around_the_face_too() -> None:
    originals = [picture(seed) for seed in range(4)]
    blurred = [detail(cv2.GaussianBlur(o, (0, 0), 1.2), o, FACE, OUTSIDE) for o in originals]
    controls = resolution_metric(blurred)["face_resolution"].controls
    assert controls["picture_around_the_face"] < 0.8 * WIDTH


def test_a_face_of_a_few_pixels_has_a_reason() -> None:
    tiny = detail(picture(0), picture(0), CANONICAL * 10 + 50, OUTSIDE)
    assert tiny is None
    metric = resolution_metric([tiny])["face_resolution"]
    assert metric.value is None
    assert metric.reason
