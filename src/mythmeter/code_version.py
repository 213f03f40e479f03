"""A digest of the code behind a rule, so that an edited module reruns what it made.

Of an adapter Snakemake compares the time alone, so an edit while its job runs would pass unseen,
and of the modules that it imports nothing. Rules pass `code_version("track_faces")` as a param: a
digest over the adapter `scripts/track_faces.py` and every module of this package that it imports,
directly or through others, at the top of a file or inside a function. Nobody has to keep a list.
It is taken when the job is planned, before its code is read: what is edited in between is too old
in the digest, never too new.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
ADAPTERS = Path("scripts")

MEASURING = ("usage", "errors.py", "code_version.py", "__init__.py")
"""Rooms that describe a job and cannot change what it makes: an edit there reruns nothing."""

REGISTERED = re.compile(r"mythmeter(?:\.\w+)+(?=$|:)")
"""A module named in a string, as a registry of backends does to import it late."""


@cache
def code_version(rule: str, adapters: Path = ADAPTERS) -> str:
    """Return 12 hex digits over the adapter of a rule and the sources that it imports from here.

    The data files that lie beside an imported module count too (a mesh, a table, a template).

    Raises:
        FileNotFoundError: the rule has no adapter of its name.
    """
    adapter = adapters / f"{rule}.py"
    digest = hashlib.sha256(adapter.read_bytes())
    for file in sorted(modules_behind(adapter)):
        digest.update(str(file.relative_to(PACKAGE)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def modules_behind(adapter: Path) -> set[Path]:
    """Return the files of this package that a script needs, data files included."""
    found: set[Path] = set()
    waiting = list(_imports(adapter))
    while waiting:
        file = waiting.pop()
        if file in found or _only_measures(file):
            continue
        found.add(file)
        waiting.extend(_imports(file))
    return found | {data for file in found for data in _data_beside(file.parent)}


def _only_measures(file: Path) -> bool:
    return file.relative_to(PACKAGE).parts[0] in MEASURING


@cache
def _imports(file: Path) -> tuple[Path, ...]:
    """Files of this package that one file imports or names in a string."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {name for node in ast.walk(tree) for name in _names(node)}
    return tuple(path for name in sorted(names) for path in _files_of(name))


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        yield node.module
        # `from mythmeter.faces import mesh` names a module as its last part.
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        match = REGISTERED.match(node.value)
        if match:
            yield match.group()


def _files_of(name: str) -> Iterator[Path]:
    """The file of a module, and the `__init__.py` of each package above it."""
    parts = name.split(".")
    if parts[0] != PACKAGE.name:
        return
    folder = PACKAGE
    for part in parts[1:]:
        if (folder / f"{part}.py").is_file():
            yield folder / f"{part}.py"
            return
        folder = folder / part
        if not (folder / "__init__.py").is_file():
            return
        yield folder / "__init__.py"


@cache
def _data_beside(folder: Path) -> tuple[Path, ...]:
    """Files that are not code in a package's folder and in its folders that are no packages."""
    if folder == PACKAGE:
        return ()
    own = [p for p in folder.iterdir() if p.is_file() and p.suffix not in {".py", ".pyc"}]
    for child in folder.iterdir():
        if child.is_dir() and child.name != "__pycache__" and not (child / "__init__.py").exists():
            own += [p for p in child.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    return tuple(own)
