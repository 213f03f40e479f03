import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.colour import match_colour, match_low_frequencies


def test_a_colour_cast_is_removed(smooth_picture: NDArray[np.uint8]) -> None:
    reference = (smooth_picture * 0.5 + 60).astype(np.uint8)
    tinted = np.clip(reference * [1.15, 1.0, 0.85], 0, 255).astype(np.uint8)
    mask = np.ones((256, 256), np.float32)
    before = np.abs(tinted.astype(int) - reference).mean()
    after = np.abs(match_colour(tinted, reference, mask).astype(int) - reference).mean()
    assert after < before / 3


def test_a_matched_picture_stays_as_it_is(smooth_picture: NDArray[np.uint8]) -> None:
    mask = np.ones((256, 256), np.float32)
    same = match_colour(smooth_picture, smooth_picture, mask)
    # The way through 8-bit LAB costs a few levels at saturated colours.
    assert np.abs(same.astype(int) - smooth_picture).mean() < 2
    np.testing.assert_array_equal(
        match_low_frequencies(smooth_picture, smooth_picture, mask), smooth_picture
    )


def test_the_spread_of_a_flat_picture_is_not_blown_up() -> None:
    rng = np.random.default_rng(7)
    flat = rng.normal(128, 4, (64, 64, 1)).repeat(3, 2).astype(np.uint8)
    rich = rng.normal(128, 40, (64, 64, 1)).repeat(3, 2).clip(0, 255).astype(np.uint8)
    matched = match_colour(flat, rich, np.ones((64, 64), np.float32))
    assert matched.std() < 1.6 * flat.std()


def test_only_colours_inside_the_mask_count(smooth_picture: NDArray[np.uint8]) -> None:
    reference = smooth_picture.copy()
    reference[:, 128:] = 255
    mask = np.zeros((256, 256), np.float32)
    mask[:, :120] = 1
    matched = match_colour(smooth_picture, reference, mask)
    assert np.abs(matched[:, :120].astype(int) - smooth_picture[:, :120]).mean() < 2


def test_an_empty_mask_changes_nothing(smooth_picture: NDArray[np.uint8]) -> None:
    empty = np.zeros((256, 256), np.float32)
    np.testing.assert_array_equal(
        match_colour(smooth_picture, 255 - smooth_picture, empty), smooth_picture
    )


def test_slow_light_follows_the_reference_and_detail_stays() -> None:
    rng = np.random.default_rng(8)
    detail = rng.normal(0, 8, (256, 256, 1))
    light = np.linspace(0.7, 1.3, 256)[None, :, None]
    source = (120 + detail).repeat(3, 2).clip(0, 255).astype(np.uint8)
    reference = np.broadcast_to(120 * light, (256, 256, 3)).astype(np.uint8)
    matched = match_low_frequencies(source, reference, np.ones((256, 256)))
    across = matched.mean(axis=(0, 2))
    assert np.corrcoef(across, light.ravel())[0, 1] > 0.98
    assert matched[:, 120:136].astype(float).std() > 0.7 * source[:, 120:136].astype(float).std()
