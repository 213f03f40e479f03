"""From a posed head to a picture: camera, visibility, shadows, light, and the lens."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.compiled import compiled
from mythmeter.persona import raster
from mythmeter.persona.figure import Figure, Pose
from mythmeter.persona.shade import Lights, blend_layers, light_on_strands, shade

Array = NDArray[np.float32]

SUPERSAMPLING: Final = 2
SHADOW_PX: Final = 448
LAYER_SHINE: Final = {"hair": 1.1}
NECKLINE_DM: Final = 5.60
LOWER_TEETH_LIGHT: Final = 0.6
"""Lower teeth lie in the shadow of the mouth."""
_GAMMA: Final = 2.2


@dataclass(frozen=True)
class Camera:
    """A portrait lens in front of the face.

    `centre_dm` is what it looks at, `distance_dm` how far away it stands, `span_dm` what of the
    plane through the centre fits the picture's side.
    """

    centre_dm: tuple[float, float, float]
    distance_dm: float = 11.0
    span_dm: float = 2.5


@dataclass(frozen=True)
class Textures:
    """Linear colours, float32, (height, width, 4)."""

    solid: tuple[Array, Array, Array]
    """RGB and shine of skin, eyes and teeth, in the order of their materials."""
    layers: dict[str, Array]
    """RGB and alpha by layer."""


class Renderer:
    """Draws poses of one figure. Safe to call from several threads at once."""

    def __init__(
        self, figure: Figure, textures: Textures, camera: Camera, lights: Lights, size_px: int
    ) -> None:
        self.figure, self.textures = figure, textures
        self.camera, self.lights, self.size_px = camera, lights, size_px
        self.supersampling = SUPERSAMPLING
        self._rest = _above_neckline(figure.at_rest)
        self._rest[figure.teeth] = _light_on_teeth(figure.at_rest[figure.teeth])
        self._smooth = self._triangles_for_normals()
        self._background = _backdrop(size_px * SUPERSAMPLING)

    def draw(self, pose: Pose, grain_seed: int = 0) -> NDArray[np.uint8]:
        """Return the picture of a pose: (size, size, 3) RGB, 8 bits."""
        linear = self.draw_linear(pose)
        return develop(linear, grain_seed)

    def project(self, vertices: Array) -> tuple[Array, Array]:
        """Return camera-space positions (x right, y down, z away) and pixels, supersampled."""
        side = self.size_px * SUPERSAMPLING
        camera = self.camera
        view = (vertices - np.array(camera.centre_dm, np.float32)) * np.array(
            [1, -1, -1], np.float32
        )
        view[:, 2] += np.float32(camera.distance_dm)
        focal = side * camera.distance_dm / camera.span_dm
        points = view[:, :2] / view[:, 2:] * focal + side / 2
        return np.ascontiguousarray(view, np.float32), np.ascontiguousarray(points, np.float32)

    def draw_linear(self, pose: Pose) -> Array:
        """Return linear RGB at the supersampled size."""
        figure, mesh = self.figure, self.figure.solid
        view, points = self.project(figure.posed(pose))
        normals = vertex_normals(view, self._smooth)
        figure.round_eyes(view, normals)
        side = self.size_px * SUPERSAMPLING
        index = np.full((side, side), raster.NOTHING, np.int32)
        weights = np.zeros((side, side, 2), np.float32)
        nearest = np.full((side, side), np.inf, np.float32)
        depth = np.ascontiguousarray(view[:, 2])
        raster.visible(points, depth, mesh.triangles, index, weights, nearest, True)
        image = self._background.copy()
        shade(
            *(index, weights, mesh.triangles, view, normals, self._rest),
            *(mesh.corners, mesh.materials, *self.textures.solid),
            *(occlusion(nearest, side), self._shadow(view, nearest)),
            *(*self.lights.arrays, image),
        )
        self._blend(points, depth, normals, nearest, image)
        return image

    def _blend(
        self, points: Array, depth: Array, normals: Array, nearest: Array, image: Array
    ) -> None:
        for name, layer in self.figure.layers.items():
            light = light_on_strands(normals, self.lights, LAYER_SHINE.get(name, 0.0))
            order = np.argsort(-depth[layer.triangles].mean(axis=1), kind="stable")
            blend_layers(
                *(points, depth, light, layer.triangles[order], layer.corners[order]),
                *(self.textures.layers[name], nearest, image),
            )

    def _triangles_for_normals(self) -> NDArray[np.int32]:
        layers = [layer.triangles for layer in self.figure.layers.values()]
        return np.concatenate([self.figure.solid.triangles, *layers])

    def _shadow(self, view: Array, nearest: Array) -> Array:
        """Return how much of the first light reaches each pixel: 1 all, 0 none."""
        towards = self.lights.directions[0]
        right = np.cross([0.0, 1.0, 0.0], towards)
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(towards, right), -towards]).astype(np.float32)
        seen = view @ axes.T
        middle = (np.array([[0, 0, self.camera.distance_dm]], np.float32) @ axes.T)[0]
        scale = SHADOW_PX / (self.camera.span_dm * 1.5)
        points = np.ascontiguousarray((seen[:, :2] - middle[:2]) * scale + SHADOW_PX / 2)
        depth = np.ascontiguousarray(seen[:, 2] + 100.0)
        index = np.full((SHADOW_PX, SHADOW_PX), raster.NOTHING, np.int32)
        weights = np.zeros((SHADOW_PX, SHADOW_PX, 2), np.float32)
        closest = np.full((SHADOW_PX, SHADOW_PX), np.inf, np.float32)
        raster.visible(points, depth, self.figure.solid.triangles, index, weights, closest, False)
        half = np.ascontiguousarray(nearest[::2, ::2])
        lit = np.zeros_like(half)
        focal = half.shape[0] * self.camera.distance_dm / self.camera.span_dm
        _light_reaches(half, focal, axes, middle, scale, closest, lit)
        # Blurred within the figure only, or its outline would take light from the background.
        covered = np.isfinite(half).astype(np.float32)
        radius = self.size_px / 110
        lit = cv2.GaussianBlur(lit, (0, 0), radius) / (
            cv2.GaussianBlur(covered, (0, 0), radius) + 1e-3
        )
        return np.asarray(cv2.resize(lit, nearest.shape[::-1]), np.float32)


@compiled
def _light_reaches(nearest, focal, axes, middle, scale, closest, lit):  # type: ignore[no-untyped-def]
    side, shadow_px = nearest.shape[0], closest.shape[0]
    for y in range(side):
        for x in range(side):
            z = nearest[y, x]
            if not np.isfinite(z):
                continue
            px, py = (x - side / 2) / focal * z, (y - side / 2) / focal * z
            u = axes[0, 0] * px + axes[0, 1] * py + axes[0, 2] * z
            v = axes[1, 0] * px + axes[1, 1] * py + axes[1, 2] * z
            w = axes[2, 0] * px + axes[2, 1] * py + axes[2, 2] * z + 100.0
            column = int((u - middle[0]) * scale + shadow_px / 2)
            row = int((v - middle[1]) * scale + shadow_px / 2)
            open_, count = 0.0, 0
            for j in range(row - 1, row + 2):
                for i in range(column - 1, column + 2):
                    if 0 <= i < shadow_px and 0 <= j < shadow_px:
                        count += 1
                        if w < closest[j, i] + 0.09:
                            open_ += 1.0
            if count:
                lit[y, x] = 0.35 + 0.65 * open_ / count


def vertex_normals(vertices: Array, triangles: NDArray[np.int32]) -> Array:
    """Return (n, 3) normals, not normalised, averaged over each vertex's triangles by area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for k in range(3):
        _scatter(normals, triangles[:, k], faces)
    return normals


@compiled
def _scatter(normals, corners, faces):  # type: ignore[no-untyped-def]
    for t in range(corners.shape[0]):
        for k in range(3):
            normals[corners[t], k] += faces[t, k]


def occlusion(nearest: Array, side: int) -> Array:
    """Return how open each pixel is to light from all around (screen-space, two radii).

    A pixel that lies further from the camera than its surroundings sits in a crevice: an eye
    socket, a nostril, the inside of the mouth.
    """
    small = cv2.resize(nearest, (side // 4, side // 4), interpolation=cv2.INTER_NEAREST)
    seen = np.isfinite(small).astype(np.float32)
    depth = np.where(seen > 0, small, 0).astype(np.float32)
    open_ = np.ones_like(depth)
    for radius, strength in ((side / 360, 3.2), (side / 110, 1.3)):
        around = cv2.GaussianBlur(depth, (0, 0), radius)
        around /= cv2.GaussianBlur(seen, (0, 0), radius) + 1e-6
        sunk = np.clip(depth - around - 0.004, 0, 1) * seen
        open_ *= np.exp(-strength * sunk / 0.12)
    return np.asarray(cv2.resize(open_, (side, side)), np.float32)


def develop(linear: Array, grain_seed: int) -> NDArray[np.uint8]:
    """Turn supersampled linear light into an 8-bit picture: lens blur, tone curve, grain."""
    side = linear.shape[0] // SUPERSAMPLING
    soft = cv2.GaussianBlur(linear, (0, 0), 0.75 * SUPERSAMPLING / 2)
    small = cv2.resize(soft, (side, side), interpolation=cv2.INTER_AREA)
    toned = 1.0 - np.exp(-1.22 * np.maximum(small, 0.0))
    display = np.power(toned, 1 / _GAMMA) * 255
    grain = np.random.default_rng(grain_seed).standard_normal((side, side, 1), np.float32) * 1.1
    return np.asarray(np.clip(display + grain, 0, 255) + 0.5, np.uint8)


def to_linear(picture: NDArray[np.uint8]) -> Array:
    """Turn 8-bit colours into linear light."""
    return np.asarray(np.power(picture.astype(np.float32) / 255, _GAMMA), np.float32)


def _above_neckline(at_rest: Array) -> Array:
    """Height over the edge of the clothes, which runs lower in front (n,)."""
    return np.asarray(at_rest[:, 1] - (NECKLINE_DM - 0.25 * at_rest[:, 2]), np.float32)


def _light_on_teeth(at_rest: Array) -> Array:
    """1 for upper front teeth, falling to 0.25 for those at the back; lower ones get less (n,)."""
    behind_dm = at_rest[:, 2].max() - at_rest[:, 2]
    low = at_rest[:, 1] < (at_rest[:, 1].min() + at_rest[:, 1].max()) / 2
    light = np.clip(1.05 - 2.2 * behind_dm, 0.25, 1.0) * np.where(low, LOWER_TEETH_LIGHT, 1.0)
    return np.asarray(light, np.float32)


def _backdrop(side: int) -> Array:
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    glow = np.exp(-(((x + 0.1) / 0.55) ** 2 + ((y - 0.05) / 0.6) ** 2))
    grey = 0.020 + 0.045 * glow
    return np.asarray(grey[..., None] * np.array([0.98, 1.0, 1.04]), np.float32)
