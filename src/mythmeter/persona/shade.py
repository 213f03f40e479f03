"""Light on skin, eyes, teeth and hair, in linear colour.

Skin is wrapped diffuse light that reaches further in red (a cheap stand-in for light that scatters
below the surface), with two specular lobes, a broad one and a tight one, and Fresnel's factor as
approximated by Schlick (1994). Everything is computed for each pixel of the G-buffer.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.compiled import compiled
from mythmeter.persona.raster import inlined, sample

SKIN: Final = 0
EYE: Final = 1
TEETH: Final = 2
MOUTH: Final = 3
CLOTH: Final = 4

IN_FRONT_DM: Final = 0.01
"""Brows and lashes lie on the skin: they are shown up to this far behind it."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Lights:
    """Lights at infinity, in camera space (x right, y down, z away from the camera)."""

    directions: NDArray[np.float32]
    """(n, 3) unit vectors towards each light; the first one casts shadows."""
    colours: NDArray[np.float32]
    """(n, 3) linear RGB."""
    sky: NDArray[np.float32]
    """(3,) light from above, everywhere."""
    ground: NDArray[np.float32]
    """(3,) light from below, everywhere."""

    @property
    def arrays(self) -> tuple[Array, Array, Array, Array]:
        """What the compiled functions take."""
        return self.directions, self.colours, self.sky, self.ground


def studio() -> Lights:
    """Return a soft key from the upper left, a fill from the right and a rim from behind."""
    directions = np.array([[-0.42, -0.50, -0.76], [0.70, -0.10, -0.70], [0.60, -0.45, 0.66]])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    colours = np.array([[0.80, 0.775, 0.75], [0.26, 0.263, 0.268], [0.16, 0.16, 0.17]])
    return Lights(
        directions.astype(np.float32),
        colours.astype(np.float32),
        np.array([0.23, 0.23, 0.235], np.float32),
        np.array([0.15, 0.142, 0.137], np.float32),
    )


FINISH: Final = np.array(
    [
        [0.34, 0.22, 0.18, 0.26, 34.0, 0.30],  # SKIN
        [0.30, 0.30, 0.30, 1.40, 420.0, 0.0],  # EYE
        [0.40, 0.38, 0.35, 0.25, 60.0, 0.0],  # TEETH
        [0.30, 0.15, 0.15, 0.25, 30.0, 0.0],  # MOUTH
        [0.20, 0.20, 0.20, 0.00, 1.0, 0.0],  # CLOTH
    ],
    np.float32,
)
"""By material: how far light wraps round in red, green and blue; strength and exponent of the tight
highlight; strength of the broad one."""

PLAIN: Final = np.array([[0.36, 0.115, 0.11, 1.0], [0.020, 0.024, 0.032, 1.0]], np.float32)
"""Linear RGB and shine of MOUTH and CLOTH, which have no texture."""


@inlined
def _normalise(vector: Any) -> None:
    length = np.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2) + 1e-9
    for k in range(3):
        vector[k] /= length


@inlined
def _highlight(ahead: Any, view: Any, directions: Any, j: int, material: int) -> Any:
    """Blinn-Phong with two lobes and Schlick's Fresnel factor."""
    hx, hy, hz = directions[j, 0] + view[0], directions[j, 1] + view[1], directions[j, 2] + view[2]
    size = np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
    facing = max(0.0, (ahead[0] * hx + ahead[1] * hy + ahead[2] * hz) / size)
    graze = 1.0 - max(0.0, (view[0] * hx + view[1] * hy + view[2] * hz) / size)
    cubed = facing * facing * facing
    lobes = FINISH[material, 5] * cubed * cubed * cubed
    if facing > 0.75:
        lobes += FINISH[material, 3] * np.exp(FINISH[material, 4] * np.log(facing))
    return lobes * (0.35 + 0.65 * graze * graze * graze * graze * graze)


@inlined
def _reflect(
    colour: Any,
    ahead: Any,
    view: Any,
    material: int,
    ambient: float,
    direct: float,
    directions: Any,
    colours: Any,
    sky: Any,
    ground: Any,
    out: Any,
) -> None:
    """Write the linear RGB that one point sends to the camera: see the module's description."""
    up = 0.5 - 0.5 * ahead[1]
    for k in range(3):
        out[k] = colour[k] * (ground[k] + (sky[k] - ground[k]) * up) * ambient
    for j in range(directions.shape[0]):
        reach = 0.0
        for k in range(3):
            reach += ahead[k] * directions[j, k]
        lit = 0.35 + 0.65 * ambient
        if j == 0:
            lit *= direct
        spark = 0.0
        if reach > 0.0:
            spark = _highlight(ahead, view, directions, j, material)
            spark *= colour[3] * min(1.0, reach * 4.0)
        for k in range(3):
            wrap = FINISH[material, k]
            soft = max(0.0, (reach + wrap) / (1.0 + wrap))
            out[k] += colours[j, k] * lit * (colour[k] * soft + spark)


@compiled
def shade(
    index: Any,
    weights: Any,
    triangles: Any,
    positions: Any,
    normals: Any,
    rest: Any,
    corners: Any,
    materials: Any,
    skin: Any,
    eyes: Any,
    teeth: Any,
    occlusion: Any,
    shadow: Any,
    directions: Any,
    colours: Any,
    sky: Any,
    ground: Any,
    image: Any,
) -> None:
    """Write linear RGB for each pixel that a triangle covers.

    Args:
        index, weights: what `raster.visible` wrote.
        positions, normals: (n, 3) camera space.
        rest: (n,) of skin: height over the edge of the clothes in dm; of teeth: how much light
            gets to them, 1 in front.
        corners: (t, 3, 2) texture coordinates of each triangle's corners.
        materials: (t,)
        skin, eyes, teeth: (h, w, 4) each: linear RGB and how much it shines.
        occlusion, shadow: (h, w), 1 where light arrives.
        directions, colours, sky, ground: of `Lights`.
        image: (h, w, 3) float32, written.
    """
    colour = np.zeros(4, np.float32)
    ahead, view, out = np.zeros(3, np.float32), np.zeros(3, np.float32), np.zeros(3, np.float32)
    for y in range(index.shape[0]):
        for x in range(index.shape[1]):
            t = index[y, x]
            if t < 0:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            w0, w1 = weights[y, x, 0], weights[y, x, 1]
            w2 = np.float32(1.0) - w0 - w1
            for k in range(3):
                ahead[k] = w0 * normals[a, k] + w1 * normals[b, k] + w2 * normals[c, k]
                view[k] = -(w0 * positions[a, k] + w1 * positions[b, k] + w2 * positions[c, k])
            _normalise(ahead)
            _normalise(view)
            material = materials[t]
            height = w0 * rest[a] + w1 * rest[b] + w2 * rest[c]
            if material == SKIN and height < 0.0:
                material = CLOTH
            if material <= TEETH:
                u = w0 * corners[t, 0, 0] + w1 * corners[t, 1, 0] + w2 * corners[t, 2, 0]
                v = w0 * corners[t, 0, 1] + w1 * corners[t, 1, 1] + w2 * corners[t, 2, 1]
                if material == SKIN:
                    sample(skin, u, v, colour)
                elif material == EYE:
                    sample(eyes, u, v, colour)
                else:
                    sample(teeth, u, v, colour)
            else:
                for k in range(4):
                    colour[k] = PLAIN[material - MOUTH, k]
            ambient, direct = occlusion[y, x], shadow[y, x]
            if material == TEETH:
                # Light also comes through lips and off the other teeth, less so at the back.
                ambient = (0.5 + 0.5 * ambient) * height
                direct = (0.6 + 0.4 * direct) * height
            _reflect(
                colour,
                ahead,
                view,
                material,
                ambient,
                direct,
                directions,
                colours,
                sky,
                ground,
                out,
            )
            for k in range(3):
                image[y, x, k] = out[k]


def light_on_strands(normals: Array, lights: Lights, shine: float) -> Array:
    """Return (n, 3) light on thin, two-sided surfaces, by vertex.

    Args:
        normals: (n, 3) camera space, not normalised.
        lights: as for `shade`; nothing of their shadows.
        shine: strength of the highlight (Blinn-Phong, exponent 12).
    """
    unit = normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9)
    unit[unit[:, 2] > 0] *= -1
    reach = unit @ lights.directions.T
    halves = lights.directions - np.array([0, 0, 1], np.float32)
    halves /= np.linalg.norm(halves, axis=1, keepdims=True)
    spark = np.clip(unit @ halves.T, 0, 1) ** 12
    strength = np.clip((reach + 0.4) / 1.4, 0, None) + shine * spark
    return np.ascontiguousarray(lights.sky + strength @ lights.colours, np.float32)


@compiled
def blend_layers(
    points: Any,
    depth: Any,
    light: Any,
    triangles: Any,
    corners: Any,
    texture: Any,
    nearest: Any,
    image: Any,
) -> None:
    """Blend transparent triangles (hair, brows, lashes) over the picture, in the given order.

    Args:
        points, depth, light: (n, 2) pixels, (n,) distances and (n, 3) linear RGB.
        triangles, corners: (t, 3) and (t, 3, 2), farthest first.
        texture: (h, w, 4) float32, linear RGB and alpha.
        nearest: (h, w) depth of what is already there.
        image: (h, w, 3) float32 linear RGB, read and written.
    """
    height, width = nearest.shape
    colour = np.zeros(4, np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1 = points[a, 0], points[a, 1], points[b, 0], points[b, 1]
        x2, y2 = points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9:
            continue
        left, right = max(0, int(min(x0, x1, x2))), min(width - 1, int(max(x0, x1, x2)) + 1)
        top, bottom = max(0, int(min(y0, y1, y2))), min(height - 1, int(max(y0, y1, y2)) + 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w0 = ((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) / area
                w1 = ((x2 - x) * (y0 - y) - (x0 - x) * (y2 - y)) / area
                w2 = 1.0 - w0 - w1
                if w0 < 0.0 or w1 < 0.0 or w2 < 0.0:
                    continue
                if w0 * depth[a] + w1 * depth[b] + w2 * depth[c] > nearest[y, x] + IN_FRONT_DM:
                    continue
                u = w0 * corners[t, 0, 0] + w1 * corners[t, 1, 0] + w2 * corners[t, 2, 0]
                v = w0 * corners[t, 0, 1] + w1 * corners[t, 1, 1] + w2 * corners[t, 2, 1]
                sample(texture, u, v, colour)
                alpha = colour[3]
                if alpha < 0.004:
                    continue
                for k in range(3):
                    shown = colour[k] * (w0 * light[a, k] + w1 * light[b, k] + w2 * light[c, k])
                    image[y, x, k] += (shown - image[y, x, k]) * alpha
