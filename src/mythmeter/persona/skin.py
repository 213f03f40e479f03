"""Textures of a synthetic person: skin out of several sources, eyes, teeth."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

TEXELS_PER_UNIT: Final = 3600
"""Resolution of the head's texture: about six texels a millimetre of skin on the face."""
EVENNESS: Final = 0.7
"""How far painted differences of hue, red lids above all, are taken out of the skin."""


@dataclass(frozen=True)
class Window:
    """The part of MakeHuman's texture space that the head covers, at a finer resolution."""

    u0: float
    v0: float
    u1: float
    v1: float

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in texels."""
        return (
            round((self.v1 - self.v0) * TEXELS_PER_UNIT),
            round((self.u1 - self.u0) * TEXELS_PER_UNIT),
        )

    def cut(self, texture: Array) -> Array:
        """Return this window of a whole texture, enlarged with a Lanczos filter."""
        height, width = self.size
        side_y, side_x = texture.shape[:2]
        x = (self.u0 + (np.arange(width) + 0.5) / TEXELS_PER_UNIT) * side_x - 0.5
        y = (1 - self.v1 + (np.arange(height) + 0.5) / TEXELS_PER_UNIT) * side_y - 0.5
        grid_x, grid_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
        return np.asarray(
            cv2.remap(texture, grid_x, grid_y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
        )

    def inside(self, corners: Array) -> Array:
        """Turn coordinates of the whole texture into coordinates of the window."""
        low = np.array([self.u0, self.v0], np.float32)
        high = np.array([self.u1, self.v1], np.float32)
        return np.asarray((corners - low) / (high - low), np.float32)


def window_of(corners: Array, margin: float = 0.005) -> Window:
    """Return the window that holds texture coordinates (..., 2)."""
    low, high = corners.reshape(-1, 2).min(axis=0), corners.reshape(-1, 2).max(axis=0)
    u0, v0 = np.clip(low - margin, 0, 1)
    u1, v1 = np.clip(high + margin, 0, 1)
    return Window(float(u0), float(v0), float(u1), float(v1))


def pores(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Return (h, w) luminance factors like the fine relief of skin, about 1."""
    bands = ((1.2, 0.030), (2.6, 0.030), (7.0, 0.016), (26.0, 0.018))
    relief = np.ones(size, np.float32)
    for radius, depth in bands:
        noise = cv2.GaussianBlur(rng.standard_normal(size, np.float32), (0, 0), radius)
        relief += depth * noise / noise.std()
    return relief


def blotches(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Return (h, w, 3) factors: uneven redness below the skin."""
    small = (size[0] // 6, size[1] // 6)
    red = np.zeros(small, np.float32)
    for radius, depth in ((2.0, 0.018), (7.0, 0.03), (20.0, 0.03)):
        noise = cv2.GaussianBlur(rng.standard_normal(small, np.float32), (0, 0), radius)
        red += depth * noise / noise.std()
    red = cv2.resize(red, size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.stack([1 + 0.35 * red, 1 - 0.6 * red, 1 - 0.5 * red], axis=2).astype(np.float32)


def clean_teeth(texture: Array) -> Array:
    """Return the teeth's texture (h, w, 4) lighter and warmer, its gaps filled from what is near.

    The library's texture has shadows painted between the teeth, which the renderer adds anyway.

    Args:
        texture: (h, w, 4) linear RGB and alpha.
    """
    alpha = texture[..., 3:]
    near = cv2.GaussianBlur(texture[..., :3] * alpha, (0, 0), 3.0)
    near /= cv2.GaussianBlur(alpha, (0, 0), 3.0)[..., None] + 1e-4
    colour = np.where(alpha > 0.5, texture[..., :3], near)
    value = colour.mean(axis=2, keepdims=True)
    grey = 1 - np.clip(np.ptp(colour, axis=2, keepdims=True) / (value + 1e-3) / 0.5, 0, 1)
    enamel = np.array([0.82, 0.74, 0.60], np.float32) * (0.62 + 0.38 * np.clip(value / 0.5, 0, 1))
    gums = colour * np.array([1.5, 1.25, 1.2], np.float32)
    return _shiny(grey * enamel + (1 - grey) * gums)


def detailed(base: Array, tint: Array, lip_tint: Array, rng: np.random.Generator) -> Array:
    """Return (h, w, 4): a smooth skin with pores and blotches, and how much it shines.

    Args:
        base: (h, w, 3) linear RGB.
        tint: (3,) factor on the colour of the skin.
        lip_tint: (3,) further factor where the skin is as red as lips are.
        rng: source of the pores.
    """
    size = (base.shape[0], base.shape[1])
    fine = pores(size, rng)
    lips = lips_of(base)
    colour = evened(base, lips) * tint * (1 + lips * (lip_tint - 1))
    colour = colour * fine[..., None] * blotches(size, rng)
    shine = np.clip(1 + (fine[..., None] - 1) * 6 + 0.6 * lips, 0.2, 2.0)
    return np.concatenate([np.clip(colour, 0, 1), shine], axis=2).astype(np.float32)


def lips_of(base: Array) -> Array:
    """Return (h, w, 1): 1 on lips. Lids are as red as they are, but brown and not pink.

    Args:
        base: (h, w, 3) linear RGB.
    """
    soft = cv2.GaussianBlur(base, (0, 0), 2.0)
    red = np.clip((soft[..., 0] / (soft.mean(axis=2) + 1e-3) - 1.55) / 0.25, 0, 1)
    pink = np.clip((soft[..., 2] / (soft[..., 1] + 1e-3) - 0.68) / 0.1, 0, 1)
    return np.asarray((red * pink)[..., None], np.float32)


def evened(base: Array, lips: Array) -> Array:
    """Return the skin with a more even hue, its luminance and its lips as they were.

    Args:
        base: (h, w, 3) linear RGB.
        lips: (h, w, 1), 1 on lips.
    """
    value = base.mean(axis=2, keepdims=True)
    hue = base / (value + 1e-3)
    usual = np.median(hue.reshape(-1, 3), axis=0)
    return np.asarray(value * (hue + EVENNESS * (1 - lips) * (usual - hue)), np.float32)


def bright_eyes(texture: Array, iris_tint: Array) -> Array:
    """Return the eyes' texture (h, w, 4) with whiter whites and a tinted iris."""
    colour = texture[..., :3]
    value = colour.mean(axis=2, keepdims=True)
    white = 1 - np.clip(np.ptp(colour, axis=2, keepdims=True) / (value + 1e-3) / 0.35, 0, 1)
    lifted = colour * (1 + 0.25 * white * np.clip((value - 0.25) / 0.2, 0, 1))
    lifted = lifted * (white + (1 - white) * iris_tint)
    return _shiny(np.clip(lifted, 0, 0.95))


def _shiny(colour: Array) -> Array:
    """Add the fourth channel: shines as its material does."""
    shine = np.ones((*colour.shape[:2], 1), np.float32)
    return np.concatenate([colour, shine], axis=2).astype(np.float32)
