"""The sheet of renders: one row a render, tab-separated."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from mythmeter.config.marked import read_text
from mythmeter.config.places import tidy
from mythmeter.config.schema import Locate, near, schema_of, validate
from mythmeter.errors import ConfigError

NUMBERS = ("start_s", "end_s", "duration_s")
Row = dict[str, Any]


def read_table(path: Path) -> list[tuple[int, Row]]:
    """Read a tab-separated table with a header as (line number, row without its empty cells).

    There is no quoting: a cell is what stands between two tabs. Lines that are empty or start with
    `#` are passed over.

    Raises:
        ConfigError: no header, a column named twice, or a row with more cells than the header.
    """
    lines = read_text(path).replace("\x00", "�").splitlines()
    numbered = [(n, x) for n, x in enumerate(lines, 1) if x.strip() and not x.startswith("#")]
    if not numbered:
        raise ConfigError(f"{path}: empty; it needs a header and one row for each render.")
    columns = [name.strip() for name in numbered[0][1].split("\t")]
    twice = {name for name in columns if columns.count(name) > 1}
    if twice:
        raise ConfigError(f"{path}, line {numbered[0][0]}: column {twice.pop()!r} is given twice.")
    rows = []
    for number, line in numbered[1:]:
        cells = line.split("\t")
        if len(cells) > len(columns):
            raise ConfigError(
                f"{path}, line {number}: {len(cells)} cells under {len(columns)} columns. "
                "Cells are separated by single tabs and are not quoted."
            )
        rows.append((number, {c: v.strip() for c, v in zip(columns, cells, strict=False)}))
    return [(number, {c: v for c, v in row.items() if v}) for number, row in rows]


def read_sheet(path: Path, folder: Path, *, check: bool) -> list[tuple[str, Row]]:
    """Read renders.tsv as (where, row), numbers turned into numbers and script files read in.

    Args:
        path: the sheet.
        folder: what a `script_file` is relative to.
        check: whether to check rows against the schema (once in a run is enough).

    Raises:
        ConfigError: the first faulty row, by line and column.
    """
    table = read_table(path)
    _refuse_unknown_columns(path)
    is_faulty = _cell_checker() if check else None
    names: dict[str, int] = {}
    rows = []
    for number, row in table:
        where = f"{path}, line {number}"
        for column in NUMBERS:
            if column in row:
                row[column] = _number(row[column], f"{where}: {column}")
        if is_faulty and (
            any(is_faulty(column, value) for column, value in row.items())
            or not {"name", "person", "target"} <= row.keys()
        ):
            validate(row, "renders", _always(where))
        if row["name"] in names:
            raise ConfigError(
                f"{where}: name {row['name']!r} is already used in line {names[row['name']]}; "
                "each render needs its own."
            )
        names[row["name"]] = number
        row["script"] = _script(row, folder, where)
        rows.append((where, row))
    if not rows:
        raise ConfigError(f"{path}: no render in it; add one row for each.")
    return rows


def _refuse_unknown_columns(path: Path) -> None:
    known = schema_of("renders")["properties"]
    header = next(x for x in read_text(path).splitlines() if x.strip() and not x.startswith("#"))
    for column in (name.strip() for name in header.split("\t")):
        if column not in known:
            raise ConfigError(f"{path}: unknown column {column!r}. {near(column, known)}")


def _cell_checker() -> Callable[[str, Any], bool]:
    """Return a function that says whether a cell is faulty; it remembers what it has seen.

    Thousands of rows repeat most of their cells, and a whole row costs the schema 0.5 ms.
    """
    import jsonschema

    properties = schema_of("renders")["properties"]
    validators = {c: jsonschema.Draft202012Validator(properties[c]) for c in properties}

    @cache
    def faulty(column: str, value: Any) -> bool:
        return not validators[column].is_valid(value)

    return faulty


def _always(where: str) -> Locate:
    return lambda _keys: where


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ConfigError(f"{where} is {text!r}; it must be a number of seconds.") from None
    if not 0 <= value < 1e7:
        raise ConfigError(f"{where} is {text}; it must be a number of seconds from 0.")
    return value


def _script(row: Row, folder: Path, where: str) -> str:
    inline, file = row.get("script"), row.get("script_file")
    if inline and file:
        raise ConfigError(f"{where}: both script and script_file are given; keep one of them.")
    if file:
        path = tidy(file, folder, f"{where}, script_file")
        text = read_text(path).strip()
        if not text:
            raise ConfigError(f"{path}: the script is empty ({where}, script_file).")
    else:
        text = inline or ""
        if not text:
            raise ConfigError(f"{where}: the script is empty. Write what is to be said.")
    if not any(character.isalnum() for character in text):
        raise ConfigError(f"{where}: the script {text!r} has no word in it.")
    return text
