"""Everything that a project derived from a person, found and removed.

What stays is said too: the person's own files, which were not made here, and the record, its ledger
and the list of revocations, by which those who made renders answer for them.
"""

import base64
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mythmeter.people.record import likeness_path
from mythmeter.usage.sums import note_of

OF_PERSON = (
    "clips/{name}.*",
    "swap/{name}",
    "voice/{name}",
    "consent/{name}.*",
    "usage/*/{name}.*",
    "logs/*/{name}.*",
    "benchmarks/*/{name}.*",
)
"""Under the results: what is named after a person or one of their clips (`<person>.<clip>`)."""
OF_RENDER = (
    *(f"{stage}/{{name}}" for stage in ("swap", "voice", "lips", "render")),
    *(f"{stage}/{{name}}.*" for stage in ("renders", "quality")),
    *(f"{kind}/*/{{name}}" for kind in ("usage", "logs", "benchmarks")),
    *(f"{kind}/*/{{name}}.*" for kind in ("usage", "logs", "benchmarks")),
)
"""Under the results: what is named after a render."""
OF_ALL = ("profile", "answers")
"""Under the results: tables and charts of all jobs together; the next run makes them again."""
PAGES = ("report", "quality", "training", "answers", "snakemake")
"""Under the reports: pages that show or name all people of a project; made again when asked for."""


@dataclass(frozen=True)
class Removed:
    """One file or folder that went."""

    path: Path
    files: int
    bytes: int


def derived_from(
    person: str, renders: Iterable[str], results: Path, reports: Path, record: Path
) -> list[Path]:
    """List what a project derived from a person, embeddings included; nothing twice.

    Args:
        person: name of the person's file.
        renders: names of the renders that show them.
        results: `paths.results` of the project.
        reports: `paths.reports`.
        record: the person's record; the embeddings lie beside it.
    """
    patterns = [pattern.format(name=person) for pattern in OF_PERSON]
    patterns += [p.format(name=render) for render in sorted(set(renders)) for p in OF_RENDER]
    patterns += OF_ALL
    found = [path for pattern in patterns for path in sorted(results.glob(pattern))]
    found += tables_about(results / "experiments", {person, *renders})
    pages = [reports / f"{name}.html" for name in PAGES]
    beside = [likeness_path(record), *pages]
    found += [path for path in beside if os.path.lexists(path)]
    return list(dict.fromkeys(found))


def tables_about(experiments: Path, names: Iterable[str]) -> list[Path]:
    """List the tables of experiments, Parquet and CSV, that name a person or a render.

    Those of others stay: measuring them again takes long.
    """
    named = re.compile(rf"(?<![a-z0-9_-])(?:{'|'.join(map(re.escape, names))})(?![a-z0-9_-])")
    found = []
    for table in sorted(experiments.rglob("*.parquet")):
        if named.search(_text_of(table)):
            found += [path for path in (table, table.with_suffix(".csv")) if path.exists()]
    return found


def _text_of(table: Path) -> str:
    """A table as text; of one that cannot be read, its bytes as far as they are text."""
    try:
        return pd.read_parquet(table).to_csv()
    except (OSError, ValueError):
        return table.read_bytes().decode("utf-8", errors="replace")


def remove(paths: Sequence[Path], state: Path | None = None) -> list[Removed]:
    """Remove files and folders, and what Snakemake remembers of them; return what went.

    A link is removed, never what it points to.

    Args:
        paths: what to remove.
        state: Snakemake's folder `.snakemake`, which holds each job's parameters, texts included.
    """
    removed = []
    for path in paths:
        files = [path] if path.is_symlink() or path.is_file() else list(_files_under(path))
        size = sum(file.lstat().st_size for file in files)
        if state is not None:
            for file in files:
                _metadata(state, file).unlink(missing_ok=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
            note_of(path).unlink(missing_ok=True)
        removed.append(Removed(path, len(files), size))
    return removed


def logs_about(state: Path, names: Iterable[str], results: Path) -> list[Path]:
    """List Snakemake's own logs of a project that name a person or a render."""
    named = re.compile(rf"[=/](?:{'|'.join(map(re.escape, names))})(?![a-z0-9_-])")
    logs = {
        path: path.read_text(encoding="utf-8", errors="replace")
        for path in sorted((state / "log").glob("*.snakemake.log"))
    }
    return [path for path, text in logs.items() if f"{results}/" in text and named.search(text)]


def _files_under(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        yield from (Path(root) / name for name in names)


def _metadata(state: Path, file: Path) -> Path:
    """Return where Snakemake 9 keeps what it knows of an output file."""
    name = base64.urlsafe_b64encode(str(file).encode()).decode()
    parts = [name[i : i + 254] for i in range(0, len(name), 254)]
    return Path(state, "metadata", *(f"@{part}" for part in parts[:-1]), parts[-1])
