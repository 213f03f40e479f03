"""Sizes in which the trained swappers come. Light to import: the configuration reads the names."""

from dataclasses import dataclass

from mythmeter.swap.learning.schedule import Schedule

PRESETS = ("quick", "standard", "large")
"""Minutes on two cores; one consumer GPU; one large GPU."""


@dataclass(frozen=True)
class TextureSize:
    """Of swapper `trained`."""

    texture_px: int
    """Side of the texture that is drawn."""
    encoder_px: int
    """Side of the texture that the encoder reads."""
    width: int
    """Channels of the encoder's first layer."""
    code: int
    """Values that say what a face does."""
    components: int
    """Principal components of a person's texture."""
    detail: tuple[int, ...]
    """Channels of the residual decoder's layers, from 1/16 of the texture's side upward."""


@dataclass(frozen=True)
class CropSize:
    """Of swapper `autoencoder`."""

    crop_px: int
    encoder: tuple[int, ...]
    """Channels of the encoder's layers, each of which halves the side."""
    code: int
    bottom: int
    """Channels of what the decoders start from."""
    decoder: tuple[int, ...]
    """Channels of the decoders' layers, each of which doubles the side."""


TEXTURE_PRESETS: dict[str, tuple[Schedule, TextureSize]] = {
    "quick": (
        Schedule(samples=3_200, batch=16, learning_rate=2e-3, validate_every=400, patience=6),
        TextureSize(
            texture_px=160,
            encoder_px=64,
            width=32,
            code=128,
            components=48,
            detail=(32, 24, 16, 8),
        ),
    ),
    "standard": (
        Schedule(samples=400_000, batch=32, learning_rate=1e-3, validate_every=8_000, patience=10),
        TextureSize(
            texture_px=256,
            encoder_px=96,
            width=48,
            code=256,
            components=96,
            detail=(96, 64, 48, 32),
        ),
    ),
    "large": (
        Schedule(
            samples=2_000_000, batch=64, learning_rate=1e-3, validate_every=32_000, patience=12
        ),
        TextureSize(
            texture_px=512,
            encoder_px=128,
            width=64,
            code=512,
            components=192,
            detail=(256, 160, 96, 64),
        ),
    ),
}

CROP_PRESETS: dict[str, tuple[Schedule, CropSize]] = {
    "quick": (
        Schedule(samples=5_000, batch=8, learning_rate=4e-4, validate_every=500, patience=6),
        CropSize(
            crop_px=96,
            encoder=(48, 96, 192, 192),
            code=256,
            bottom=160,
            decoder=(128, 80, 40, 24),
        ),
    ),
    # The topology that was published in 2017 and used by everybody in 2019, with a mask.
    "standard": (
        Schedule(
            samples=1_600_000, batch=64, learning_rate=1e-4, validate_every=32_000, patience=20
        ),
        CropSize(
            crop_px=64,
            encoder=(128, 256, 512, 1024),
            code=1024,
            bottom=512,
            decoder=(256, 128, 64),
        ),
    ),
    "large": (
        Schedule(
            samples=4_000_000, batch=64, learning_rate=1e-4, validate_every=64_000, patience=20
        ),
        CropSize(
            crop_px=128,
            encoder=(128, 256, 512, 1024),
            code=1024,
            bottom=512,
            decoder=(512, 256, 128, 64),
        ),
    ),
}
