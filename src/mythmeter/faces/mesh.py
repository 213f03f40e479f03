"""The 468-point face mesh: canonical coordinates, triangles, and names for groups of points.

The topology is that of the MediaPipe face mesh (Kartynnik et al. 2019, arXiv:1907.06724); its
canonical face model (Apache-2.0) is the data file beside this module, with the texture layout that
was derived from it. *Left* and *right* are the subject's own. The triangles cover the inside of
the mouth and of the eyes, so that what shows there is textured too.
"""

import json
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

POINTS: Final = 468
"""Points of the mesh."""


def _load() -> dict[str, Any]:
    data = resources.files("mythmeter.faces") / "data" / "canonical_face.json"
    loaded: dict[str, Any] = json.loads(data.read_text(encoding="utf-8"))
    return loaded


def _frontal(vertices_cm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frontal view, y down, uniformly scaled and centred in the unit square."""
    flat = vertices_cm[:, :2] * [1.0, -1.0]
    low, high = flat.min(axis=0), flat.max(axis=0)
    scaled: NDArray[np.float64] = (flat - (low + high) / 2) / (high - low).max() + 0.5
    return scaled


def _frozen(values: Any, dtype: Any) -> NDArray[Any]:
    array = np.ascontiguousarray(values, dtype=dtype)
    array.setflags(write=False)
    return array


_DATA = _load()

CANONICAL_CM: NDArray[np.float64] = _frozen(_DATA["vertices_cm"], np.float64)
"""(468, 3) canonical face in centimetres: x to the image's right, y up, z towards the camera."""

CANONICAL: NDArray[np.float64] = _frozen(_frontal(CANONICAL_CM), np.float64)
"""(468, 2) canonical frontal face, x right, y down; its longer side spans [0, 1], centred."""

TEXTURE: NDArray[np.float64] = _frozen(_DATA["texture"], np.float64)
"""(468, 2) texture layout in the unit square: the canonical face stretched to fill it, with the
eyes and mouth opened so that irises and teeth have texels, and no folded triangle."""

TRIANGLES: NDArray[np.int32] = _frozen(_DATA["triangles"], np.int32)
"""(898, 3) canonical triangles; their border is OVAL. Mouth and eyes are filled."""

MIRROR: NDArray[np.int32] = _frozen(_DATA["mirror"], np.int32)
"""(468,) index of each point's counterpart on the other side of the face."""

# Closed rings, in order round the shape.
OVAL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
LIPS_OUTER: Final = (
    *(61, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    *(291, 375, 321, 405, 314, 17, 84, 181, 91, 146),
)
LIPS_INNER: Final = (
    *(78, 191, 80, 81, 82, 13, 312, 311, 310, 415),
    *(308, 324, 318, 402, 317, 14, 87, 178, 88, 95),
)
LIPS: Final = LIPS_OUTER + LIPS_INNER
# Two rings on the red of the lips between these contours, in their order.
LIPS_RINGS: Final = (
    (
        *(76, 184, 74, 73, 72, 11, 302, 303, 304, 408),
        *(306, 307, 320, 404, 315, 16, 85, 180, 90, 77),
    ),
    (
        *(62, 183, 42, 41, 38, 12, 268, 271, 272, 407),
        *(292, 325, 319, 403, 316, 15, 86, 179, 89, 96),
    ),
)
EYE_RIGHT: Final = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
EYE_LEFT: Final = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
BROW_RIGHT: Final = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
BROW_LEFT: Final = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
BROWS: Final = BROW_RIGHT + BROW_LEFT
NOSE: Final = (168, 6, 197, 195, 5, 4, 1, 19, 94, 2, 98, 97, 326, 327, 48, 64, 278, 294)

# Single points.
EYE_RIGHT_OUTER, EYE_RIGHT_INNER, EYE_LEFT_INNER, EYE_LEFT_OUTER = 33, 133, 362, 263
EYE_RIGHT_UPPER, EYE_RIGHT_LOWER, EYE_LEFT_UPPER, EYE_LEFT_LOWER = 159, 145, 386, 374
MOUTH_RIGHT, MOUTH_LEFT, MOUTH_UPPER, MOUTH_LOWER = 61, 291, 13, 14
FOREHEAD, CHIN, NOSE_TIP = 10, 152, 4

# Points that move least with expression and against each other as the head turns: eye corners, the
# ridge and bottom of the nose, and the skin between nose and eyes.
STABLE: Final = (
    *(33, 133, 362, 263, 168, 6, 197, 195, 122, 351, 196, 419, 174, 399, 98, 327, 2),
    *(231, 451, 120, 349, 121, 350, 128, 357, 245, 465, 189, 413, 193, 417),
)

# Points that the lips stage moves with the jaw, beside the lips.
JAW: Final = (
    *(17, 84, 181, 314, 405, 18, 200, 199, 175, 152, 148, 176, 377, 400, 149, 150, 378, 379),
    *(136, 365, 172, 397, 83, 313, 182, 406, 201, 421, 208, 428, 171, 396, 140, 369, 170, 395),
    *(32, 262, 194, 418, 204, 424, 211, 431, 43, 273, 106, 335, 91, 321, 57, 287, 186, 410),
    *(92, 322, 165, 391, 167, 393, 164),
)
MOUTH: Final = tuple(sorted({*LIPS, *JAW}))
"""Lips and jaw, ascending: the points of a mouth shape."""
