"""A head that is ready to be posed: its mesh, its parts, its face actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.persona import head
from mythmeter.persona.proxies import Part
from mythmeter.persona.shade import CLOTH, EYE, MOUTH, SKIN, TEETH

PIVOT_DM: Final = (0.0, 6.3, 0.1)
"""Where the head turns on the neck."""
NECK_DM: Final = (5.7, 6.5)
"""The head's turn fades in between these heights."""
MOUTH_ABOVE_DM: Final = 6.0
TEETH_BACK_DM: Final = 0.03
TEETH_WIDTH: Final = 0.92
"""Teeth are set back and narrowed by this much, so that closed lips cover them."""
HEAD_ISLAND: Final = (0.62, 0.14, 1.0, 0.86)
"""Where the skin of the head and neck lies in the base mesh's texture: u0, v0, u1, v1."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Pose:
    """One moment of a performance."""

    actions: Mapping[str, float]
    """Weights of face actions by name; absent means 0."""
    turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Head: yaw to the subject's left, pitch down, roll to the subject's left."""
    gaze_deg: tuple[float, float] = (0.0, 0.0)
    """Eyes relative to the head: yaw to the subject's left, pitch down."""


@dataclass(frozen=True)
class Mesh:
    """Triangles that do not change from frame to frame."""

    triangles: NDArray[np.int32]
    """(t, 3)"""
    corners: Array
    """(t, 3, 2) texture coordinates of each corner."""
    materials: NDArray[np.int8]
    """(t,) of `mythmeter.persona.shade`."""


class Figure:
    """The head of one person.

    Args:
        targets: the shape of the head, weights by target name.
        eyes, teeth: parts without transparency.
        layers: transparent parts by name, in the order in which they are blended.
        action_names: the face actions that poses may use.
    """

    def __init__(
        self,
        targets: Mapping[str, float],
        *,
        eyes: Part,
        teeth: Part,
        layers: Mapping[str, Part],
        action_names: tuple[str, ...],
    ) -> None:
        self.base = head.load_base()
        self.rest = head.shape(self.base, targets)
        self.action_names = action_names
        self._actions = np.stack([head.load_target(n).ravel() for n in action_names])
        self._parts = {"eyes": eyes, "teeth": teeth, **layers}
        self._scale = _growth(self.base.vertices, self.rest)
        self._starts: dict[str, int] = {}
        start = len(self.base.vertices)
        for name, part in self._parts.items():
            self._starts[name] = start
            start += len(part.references)
        self.teeth = slice(self._starts["teeth"], self._starts["teeth"] + len(teeth.references))
        self.solid = self._solid()
        self.layers = {name: self._mesh_of(name, SKIN) for name in layers}
        self.at_rest = self._assembled(self.rest)
        self._hold = _smooth_step(self.at_rest[:, 1], *NECK_DM)[:, None]
        self._eyes = self._eyeballs()

    def _solid(self) -> Mesh:
        body, tongue = (head.surface(self.base, [group]) for group in (head.SKIN, head.TONGUE))
        pieces = [
            Mesh(body.triangles, self.base.texture[body.texture_triangles], self._tissue(body)),
            Mesh(
                tongue.triangles,
                self.base.texture[tongue.texture_triangles],
                _filled(tongue.triangles, MOUTH),
            ),
            self._mesh_of("eyes", EYE),
            self._mesh_of("teeth", TEETH),
        ]
        return Mesh(
            np.ascontiguousarray(np.concatenate([p.triangles for p in pieces])),
            np.ascontiguousarray(np.concatenate([p.corners for p in pieces])),
            np.concatenate([p.materials for p in pieces]),
        )

    def _tissue(self, body: head.Surface) -> NDArray[np.int8]:
        """Tell skin from the inside of the mouth and from what clothes cover."""
        corners = self.base.texture[body.texture_triangles]
        u0, v0, u1, v1 = HEAD_ISLAND
        u, v = corners[..., 0], corners[..., 1]
        skin = ((u > u0) & (u < u1) & (v > v0) & (v < v1)).all(axis=1)
        high = (self.rest[body.triangles, 1] > MOUTH_ABOVE_DM).all(axis=1)
        return np.where(skin, SKIN, np.where(high, MOUTH, CLOTH)).astype(np.int8)

    def _mesh_of(self, name: str, material: int) -> Mesh:
        part = self._parts[name]
        triangles = part.triangles + np.int32(self._starts[name])
        corners = part.texture[part.texture_triangles]
        return Mesh(triangles, corners, _filled(triangles, material))

    def _assembled(self, base: Array) -> Array:
        parts = [part.fitted(base, self._scale) for part in self._parts.values()]
        teeth = parts[1]
        teeth[:, 2] -= TEETH_BACK_DM
        teeth[:, 0] *= TEETH_WIDTH
        return np.concatenate([base, *parts])

    def round_eyes(self, vertices: Array, normals: Array) -> None:
        """Make the eyeballs' normals those of spheres, so that the wet cornea gleams as one."""
        for ball in self._eyes:
            normals[ball] = vertices[ball] - vertices[ball].mean(axis=0)

    def eye_centres(self, vertices: Array) -> Array:
        """Return (2, 3): the middle of the left and of the right eyeball."""
        return np.stack([vertices[ball].mean(axis=0) for ball in self._eyes])

    def _eyeballs(self) -> list[NDArray[np.intp]]:
        start = self._starts["eyes"]
        members = np.arange(start, start + len(self._parts["eyes"].references))
        left = self.at_rest[members, 0] > 0
        return [members[left], members[~left]]

    def posed(self, pose: Pose) -> Array:
        """Return (n, 3) vertices, base mesh first and then the parts, in decimetres."""
        weights = np.array([pose.actions.get(n, 0.0) for n in self.action_names], np.float32)
        moved = (weights @ self._actions).reshape(-1, 3)
        vertices = self._assembled(self.rest + moved)
        gaze = _rotation(pose.gaze_deg[0], pose.gaze_deg[1], 0.0)
        for ball in self._eyes:
            centre = vertices[ball].mean(axis=0)
            vertices[ball] = (vertices[ball] - centre) @ gaze.T + centre
        pivot = np.array(PIVOT_DM, np.float32)
        turned = (vertices - pivot) @ _rotation(*pose.turn_deg).T + pivot
        return np.asarray(vertices + self._hold * (turned - vertices), np.float32)


def _rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Array:
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, -roll_deg])
    about_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    about_x = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    about_z = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    return np.asarray(np.array(about_y) @ np.array(about_x) @ np.array(about_z), np.float32)


def _growth(base: Array, shaped: Array) -> Array:
    """How much larger the shaped head is than the base mesh's, per axis."""
    of_head = base[:, 1] > 6.2
    return np.asarray(np.ptp(shaped[of_head], axis=0) / np.ptp(base[of_head], axis=0), np.float32)


def _smooth_step(values: Array, low: float, high: float) -> Array:
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _filled(triangles: NDArray[np.int32], material: int) -> NDArray[np.int8]:
    return np.full(len(triangles), material, np.int8)
