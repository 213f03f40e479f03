"""The files of an XTTS checkpoint, looked at before anything heavy is imported."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mythmeter.errors import ModelError
from mythmeter.models.fetch import sha256_of

SMALLEST_MODEL_BYTES = 1_000_000


@dataclass(frozen=True)
class CheckpointFiles:
    """config.json, model.pth and vocab.json of one checkpoint, under whatever names."""

    config: Path
    model: Path
    vocabulary: Path


def find_files(assets: Mapping[str, Path]) -> CheckpointFiles:
    """Check that all three files are there and look like what they should be.

    Args:
        assets: `xtts_config`, `xtts_model` and `xtts_vocab`.

    Raises:
        ModelError: one is missing, empty, or not of its kind.
    """
    files = CheckpointFiles(*(_present(assets, name) for name in _NAMES))
    config = _json(files.config)
    if config.get("model") != "xtts":
        raise ModelError(
            f"{files.config} is the config of a {config.get('model')!r} model, not of xtts. Use "
            "the config.json that lies beside model.pth."
        )
    if "model" not in _json(files.vocabulary):
        raise ModelError(f"{files.vocabulary} is not the vocab.json of XTTS (no tokenizer in it).")
    with files.model.open("rb") as file:
        magic = file.read(2)
    if magic != b"PK" or files.model.stat().st_size < SMALLEST_MODEL_BYTES:
        raise ModelError(
            f"{files.model} is not a PyTorch checkpoint ({files.model.stat().st_size:,} bytes). "
            "A file of a few hundred bytes is a Git LFS pointer: fetch the file itself."
        )
    _check_sums(files)
    return files


def _check_sums(files: CheckpointFiles) -> None:
    """Hold a checkpoint folder to its own SHA256SUMS (as coreutils write it), if it has one."""
    sums = files.model.with_name("SHA256SUMS")
    if not sums.is_file():
        return
    for line in sums.read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition(" ")
        path = sums.with_name(name.strip().lstrip("*"))
        if path in (files.config, files.model, files.vocabulary):
            found = sha256_of(path)
            if found != expected.lower():
                raise ModelError(
                    f"{path} is not the file that {sums.name} names: its sha256 is {found}, "
                    f"expected {expected}. Fetch it again, or correct {sums}."
                )


_NAMES = {"xtts_config": "config.json", "xtts_model": "model.pth", "xtts_vocab": "vocab.json"}


def _present(assets: Mapping[str, Path], name: str) -> Path:
    path = assets.get(name)
    if path is None or not path.is_file():
        raise ModelError(
            f"XTTS needs {_NAMES[name]}, and {path or 'no file'} is not there. Put config.json, "
            "model.pth and vocab.json of XTTS v2 (licence: CPML) into models/xtts_v2, or set "
            "voice.xtts.checkpoint to their folder. kokoro runs without them."
        )
    return path


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ModelError(f"{path} is not JSON ({error}). Fetch it again.") from error
    return value if isinstance(value, dict) else {}
