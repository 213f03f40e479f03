"""The file of a learnt face: tensors, with the swapper that wrote them, as safetensors."""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from mythmeter.atomic import replacing
from mythmeter.errors import ModelError
from mythmeter.swap.swappers import swapper_class
from mythmeter.swap.swappers.base import Swapper


def save_face(path: Path, face: Swapper) -> None:
    """Write a face with the name and version of its swapper."""
    tensors = {name: np.ascontiguousarray(value) for name, value in face.tensors().items()}
    # One entry, because safetensors writes several in any order, and bytes must not change.
    metadata = {"swapper": _signature(face.name, face.version)}
    with replacing(path) as partial:
        save_file(tensors, partial, metadata)


def load_face(path: Path, swapper: str) -> Swapper:
    """Read a face that the named swapper has learnt.

    Raises:
        ConfigError: no such swapper.
        ModelError: the file is no model, or was written by another swapper or version.
    """
    kind = swapper_class(swapper)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: cannot be read as a model ({error}). Train it again.") from error
    found, wanted = metadata.get("swapper"), _signature(kind.name, kind.version)
    if found != wanted:
        raise ModelError(
            f"{path}: was written by {found or 'no swapper'}, and {wanted} was asked for. "
            "Train it again."
        )
    return kind.from_tensors(tensors)


def _signature(name: str, version: int) -> str:
    return f"{name}, version {version}"
