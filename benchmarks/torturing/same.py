"""Whether two runs made the same: bytes where they are deterministic, contents otherwise."""

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pandas as pd

NOT_COMPARED = ("logs/", "benchmarks/", "profile/")
"""What says when and how fast: times differ from run to run."""
MEASURED = "answers/"
"""Tables of the seconds, memory and money of the run itself: whole, with the same columns."""

VARYING = re.compile(
    r"(^|_)(at|when|time|date|issued|signed|instance|seconds|sha256|signature)$", re.IGNORECASE
)
TOLERANCE = 1e-6
MISSING, ADDITIONAL = "missing", "not in the undisturbed run"


def differences(base: Path, other: Path) -> dict[str, str]:
    """Return what differs between two results folders, by file, with why.

    Signed videos carry the time of the signature, and files about them its hash: their frames,
    samples, and all values but those are compared.
    """
    ours, theirs = _files(base), _files(other)
    found = dict.fromkeys(ours - theirs, MISSING)
    found |= dict.fromkeys(theirs - ours, ADDITIONAL)
    for name in sorted(ours & theirs):
        compare = _columns_difference if name.startswith(MEASURED) else _difference
        why = compare(base / name, other / name)
        if why:
            found[name] = why
    return found


def half_written(folder: Path) -> list[str]:
    """Files of an interrupted write that still lie about."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*.partial*"))


def identical_bytes(base: Path, other: Path) -> tuple[int, int]:
    """How many of the files compared agree to the byte, and how many were compared."""
    names = _files(base) & _files(other)
    same = sum(_sha256(base / name) == _sha256(other / name) for name in names)
    return same, len(names)


def _files(folder: Path) -> set[str]:
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    passing = (".partial", ".sums/")
    return {
        name
        for name in names
        if not name.startswith(NOT_COMPARED) and not any(part in name for part in passing)
    }


def _difference(base: Path, other: Path) -> str | None:
    if _sha256(base) == _sha256(other):
        return None
    if base.suffix == ".jsonl":
        return _usage_difference(base, other)
    if base.suffix == ".json":
        left, right = (json.loads(path.read_text(encoding="utf-8")) for path in (base, other))
        return _value_difference(left, right, "")
    if base.suffix == ".parquet":
        left, right = pd.read_parquet(base), pd.read_parquet(other)
        return None if left.equals(right) else "the tables differ"
    if base.suffix == ".jpg":
        # Signed pictures carry the time of the signature too.
        same = np.array_equal(cv2.imread(str(base)), cv2.imread(str(other)))
        return None if same else "the pixels differ"
    if base.suffix in {".mp4", ".mkv"}:
        return None if content_digest(base) == content_digest(other) else "frames or sound differ"
    return "the bytes differ"


def _columns_difference(base: Path, other: Path) -> str | None:
    if base.suffix not in {".csv", ".parquet"}:
        return _difference(base, other)
    read = pd.read_csv if base.suffix == ".csv" else pd.read_parquet
    left, right = (list(read(path).columns) for path in (base, other))
    return None if left == right else f"columns differ: {left} {right}"


def _usage_difference(base: Path, other: Path) -> str | None:
    """A usage record is whole, and tells of the same phases and work."""
    left, right = (
        [(line["phase"], line["work"]) for line in map(json.loads, path.read_text().splitlines())]
        for path in (base, other)
    )
    return None if left == right else f"phases or work differ: {left} {right}"


def _value_difference(left: Any, right: Any, where: str) -> str | None:
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            return f"{where}: keys differ"
        pairs = [(left[key], right[key], f"{where}.{key}") for key in left if not _varies(key)]
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return f"{where}: lengths differ"
        pairs = [(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(left, right, strict=True))]
    elif isinstance(left, float) or isinstance(right, float):
        same = left == right or bool(np.isclose(left, right, rtol=TOLERANCE, atol=TOLERANCE))
        return None if same else f"{where}: {left} is not {right}"
    else:
        return None if left == right else f"{where}: {left!r} is not {right!r}"
    return next((why for a, b, at in pairs if (why := _value_difference(a, b, at))), None)


def _varies(key: str) -> bool:
    return bool(VARYING.search(key))


def content_digest(video: Path) -> str:
    """sha256 over all decoded frames and samples of a file, container and marks apart."""
    return _content_digest(video, *_state(video))


@cache
def _content_digest(video: Path, *_: int) -> str:
    digest = hashlib.sha256()
    with av.open(str(video)) as container:
        for frame in container.decode(*container.streams.video, *container.streams.audio):
            if isinstance(frame, av.VideoFrame) and frame.format.name == "bgr0":
                # Packed RGB with a byte of padding has no array form of its own.
                pixels = frame.to_ndarray(format="bgr24")
            else:
                pixels = frame.to_ndarray()
            digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    return _file_digest(path, *_state(path))


@cache
def _file_digest(path: Path, *_: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _state(path: Path) -> tuple[int, ...]:
    """What tells one state of a file from another: files here are replaced, not written to."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
