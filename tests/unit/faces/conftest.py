"""A drawn face whose mesh is known exactly."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.faces.align import canonical_to_crop, transform
from mythmeter.faces.mesh import CANONICAL, CANONICAL_CM


@pytest.fixture
def face_points() -> NDArray[np.float64]:
    """(468, 3) canonical face, upright, in the middle of a 256 px square."""
    flat = transform(CANONICAL, canonical_to_crop(256))
    scale = np.ptp(flat[:, 1]) / np.ptp(CANONICAL_CM[:, 1])
    depth = -(CANONICAL_CM[:, 2:] - CANONICAL_CM[:, 2:].mean()) * scale
    return np.concatenate([flat, depth], axis=1)


@pytest.fixture
def smooth_picture() -> NDArray[np.uint8]:
    """(256, 256, 3) colours that vary slowly, so that resampling it costs little."""
    y, x = np.mgrid[0:256, 0:256] / 255
    waves = np.stack([np.sin(5 * x), np.cos(4 * y), np.sin(3 * (x + y))], axis=2)
    return (127 + 90 * waves).astype(np.uint8)
