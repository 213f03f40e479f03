"""What a landmark backend is, and the registry that chooses one by its name in the config."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from mythmeter.errors import ConfigError
from mythmeter.faces.landmarks.detector import Detection


@dataclass(frozen=True)
class Observation:
    """What was seen in one frame: points, or the reason why there are none."""

    points: Any = None
    """(468, 3) float32 x, y, z in frame pixels, topology of `mythmeter.faces.mesh`."""
    score: float | None = None
    """Confidence in 0..1."""
    reason: str | None = None
    irises: Any = None
    """(10, 2) float32: centre and four points of the border of the subject's right iris, then of
    the left; None where the backend has none. With `points` they are the field's 478 points."""


class Landmarker(Protocol):
    """Finds faces in pictures. Frames are (height, width, 3) RGB.

    `detect` and `fit` keep no state between frames; `observe` follows one face.
    """

    def detect(
        self, frame: Any, *, fine: bool = False, every_view: bool = False
    ) -> list[Detection]:
        """Return the faces of a frame, best first; see `Detector.find`."""
        ...

    def fit(self, frame: Any, start: Any) -> Observation:
        """Fit one face, from a `Detection` or from its points (468, 2 or 3) one frame before."""
        ...

    def observe(self, frame: Any, near: Any = None) -> Observation:
        """Look at the next frame; `near`: points (468, 2 or 3) about where the face must be."""
        ...


Loader = Callable[[Mapping[str, Path]], Landmarker]


def _load_facemesh(models: Mapping[str, Path]) -> Landmarker:
    from mythmeter.faces.landmarks.facemesh import FaceMesh

    return FaceMesh(models)


_MESH: Final = (("face_detector", "face_mesh", "iris"), _load_facemesh)
_BACKENDS: Final[Mapping[str, tuple[tuple[str, ...], Loader]]] = {
    "facemesh": _MESH,
    # The swap needs the mesh in any case, so the mesh tracks; rule locate_points does the rest.
    "fan": _MESH,
}


def assets(name: str) -> tuple[str, ...]:
    """Names in the model catalogue of what a backend needs.

    Raises:
        ConfigError: no backend has that name.
    """
    return _backend(name)[0]


def load_landmarker(name: str, models: Mapping[str, Path]) -> Landmarker:
    """Load a backend by its name in the config; `models` gives the path of each of its assets.

    Raises:
        ConfigError: no backend has that name.
    """
    return _backend(name)[1](models)


def _backend(name: str) -> tuple[tuple[str, ...], Loader]:
    try:
        return _BACKENDS[name]
    except KeyError:
        known = ", ".join(sorted(_BACKENDS))
        raise ConfigError(
            f"faces.landmarks: no backend {name!r}. This version has: {known}."
        ) from None
