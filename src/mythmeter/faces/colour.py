"""Colour of one face matched to another, over a mask. Pictures are RGB, 8 bits.

Both are meant for aligned pictures of the same size: statistics are taken at a quarter of the
resolution, where they do not differ and cost a sixteenth.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Mask = NDArray[Any]


def match_colour(
    source: Picture,
    reference: Picture,
    mask: Mask,
    spread: tuple[float, float] = (0.7, 1.4),
) -> Picture:
    """Give the source the mean and spread of the reference's colours inside the mask, in LAB.

    Args:
        source, reference: (h, w, 3) RGB.
        mask: (h, w), bool or 0..1; values above 0.5 count.
        spread: limits of the ratio of standard deviations, so that flat light cannot explode.

    Source: Reinhard et al. 2001, IEEE Computer Graphics and Applications 21(5).
    """
    small_mask = _small(np.asarray(mask, np.float32)) > 0.5
    if not small_mask.any():
        return source.copy()
    source_lab = cv2.cvtColor(_small(source), cv2.COLOR_RGB2LAB).astype(np.float32)[small_mask]
    wanted_lab = cv2.cvtColor(_small(reference), cv2.COLOR_RGB2LAB).astype(np.float32)[small_mask]
    ratio = np.clip((wanted_lab.std(axis=0) + 1e-3) / (source_lab.std(axis=0) + 1e-3), *spread)
    shift = wanted_lab.mean(axis=0) - source_lab.mean(axis=0) * ratio
    levels = np.clip(np.arange(256)[:, None] * ratio + shift + 0.5, 0, 255).astype(np.uint8)
    lab = cv2.cvtColor(source, cv2.COLOR_RGB2LAB)
    matched: Picture = cv2.cvtColor(cv2.LUT(lab, levels[:, None, :]), cv2.COLOR_LAB2RGB)
    return matched


def match_low_frequencies(
    source: Picture,
    reference: Picture,
    mask: Mask,
    sigma: float = 0.1,
    gain: tuple[float, float] = (0.5, 2.0),
) -> Picture:
    """Let the source follow the reference's light: a smooth gain for each pixel and channel.

    Args:
        source, reference: (h, w, 3) RGB.
        mask: (h, w), bool or 0..1: what both low-pass filters look at (normalised convolution).
        sigma: of the Gaussian, as a fraction of the picture's width.
        gain: limits of the gain.
    """
    return apply_gain(source, low_frequency_gain(source, reference, mask, sigma, gain))


def low_frequency_gain(
    source: Picture,
    reference: Picture,
    mask: Mask,
    sigma: float = 0.1,
    gain: tuple[float, float] = (0.5, 2.0),
) -> NDArray[np.float32]:
    """Return the gain of `match_low_frequencies`, (h / 4, w / 4, 3), so that it can be averaged."""
    weight = _small(np.asarray(mask, np.float32))
    sigma_px = max(sigma * weight.shape[1], 0.3)
    blurred_weight = cv2.GaussianBlur(weight, (0, 0), sigma_px)[..., None] + 1e-3

    def low_pass(picture: Picture) -> NDArray[np.float32]:
        weighted = _small(picture).astype(np.float32) * weight[..., None]
        smooth: NDArray[np.float32] = cv2.GaussianBlur(weighted, (0, 0), sigma_px) / blurred_weight
        return smooth

    # Four levels are added so that black does not divide.
    factor: NDArray[np.float32] = np.clip(
        (low_pass(reference) + 4) / (low_pass(source) + 4), *gain
    ).astype(np.float32)
    return factor


def apply_gain(source: Picture, gain: NDArray[np.float32]) -> Picture:
    """Multiply a picture (h, w, 3) by a gain of lower resolution."""
    factor = cv2.resize(gain, source.shape[1::-1], None, 0, 0, cv2.INTER_LINEAR)
    return np.clip(source * factor + 0.5, 0, 255).astype(np.uint8)


def _small(picture: NDArray[Any]) -> NDArray[Any]:
    size = (max(1, picture.shape[1] // 4), max(1, picture.shape[0] // 4))
    resized: NDArray[Any] = cv2.resize(picture, size, None, 0, 0, cv2.INTER_AREA)
    return resized
