"""What made a render, with licences: the model files of its backends, and packages."""

from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from mythmeter.errors import ProvenanceError
from mythmeter.models.catalogue import Asset

TRACKING = (
    *("face_detector", "face_mesh", "iris"),
    *("palm_detector", "hand_landmarks"),
    *("dlib_face", "dlib_points"),
)
"""The mesh, the hands over it, and whose face it is."""

MODELS_OF: Mapping[str, tuple[str, ...]] = {
    "facemesh": TRACKING,
    "fan": (*TRACKING, "fan"),
    "closed_form": (),
    "trained": (),
    "autoencoder": (),
    "kokoro": ("kokoro", "kokoro_voices", "campplus", "whisper"),
    "xtts": ("xtts_config", "xtts_model", "xtts_vocab", "whisper"),
    "rewrite": (),
    "rivagan": ("rivagan_encoder", "rivagan_decoder"),
}
"""Backend -> files of the catalogue that shape its output; none: it learns from footage alone."""

UNPINNED: Mapping[str, tuple[str, str]] = {
    "xtts:own": ("an XTTS checkpoint of the user's own", "CPML, or as the user's own"),
    "parsing:own": ("a face-parsing model of the user's own", "as the user's own"),
    "coqui:tacotron2-DDC": ("coqui-tts tacotron2-DDC and hifigan_v2, LJ Speech", "Apache-2.0"),
    "coqui:vits": ("coqui-tts vits, LJ Speech", "Apache-2.0"),
}
"""Backend -> what it is and its licence, where no hash is pinned; the enrolment names the hash."""

CATALOGUE = "catalogue:"
"""Before the name of a file of the catalogue: what a user names in the config, no backend."""

MARKERS = ("rivagan",)
"""Backends that mark every render."""

PACKAGES = (
    "av",
    "ai-edge-litert",
    "c2pa-python",
    "numpy",
    "onnxruntime",
    "opencv-python",
    "resemble-perth",
)
"""Packages that shape pixels and samples of a render, or mark it."""


def credited_models(
    backends: Iterable[str], catalogue: Mapping[str, Asset]
) -> list[dict[str, str]]:
    """Return name, file, sha256 and licence of every model file that the backends use.

    Args:
        backends: names of backends, or `catalogue:` and the name of a file.
        catalogue: files by name.

    Raises:
        ProvenanceError: a backend without an entry in MODELS_OF.
    """
    names: list[str] = []
    unpinned = []
    for backend in backends:
        if backend.startswith(CATALOGUE):
            names.append(backend.removeprefix(CATALOGUE))
            continue
        if backend in UNPINNED:
            what, licence = UNPINNED[backend]
            unpinned.append(
                {"name": backend, "file": what, "sha256": "not pinned", "licence": licence}
            )
            continue
        if backend not in MODELS_OF:
            raise ProvenanceError(
                f"Backend {backend!r} does not say which model files it uses, so the render cannot "
                "name them. Add it to mythmeter.provenance.credits.MODELS_OF."
            )
        names.extend(MODELS_OF[backend])
    return [
        {
            "name": name,
            "file": catalogue[name].file,
            "sha256": catalogue[name].sha256,
            "licence": catalogue[name].licence,
        }
        for name in dict.fromkeys(names)
    ] + unpinned


def credited_packages(names: Iterable[str] = PACKAGES) -> list[dict[str, str]]:
    """Return name, version and licence of installed packages, as their own metadata states them."""
    return [
        {
            "name": name,
            "version": metadata.version(name),
            "licence": _licence(metadata.metadata(name)),
        }
        for name in names
    ]


def _licence(about: Any) -> str:
    """Return the licence expression, else a short licence field, else the classifier's name."""
    expression = about.get("License-Expression") or about.get("License") or ""
    if expression and len(expression) <= 60:
        return str(expression)
    prefix = "License :: OSI Approved :: "
    classified = [c for c in about.get_all("Classifier", []) if c.startswith(prefix)]
    return classified[0].removeprefix(prefix) if classified else "see the package"
