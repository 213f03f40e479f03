"""The tables prices.csv, gpus.csv and founding.csv, checked row by row."""

import csv
import io
import math
from pathlib import Path
from typing import Any

from mythmeter.config.marked import read_text
from mythmeter.config.schema import Locate, dotted, near, schema_of, validate
from mythmeter.errors import ConfigError


def check_prices(path: Path) -> list[dict[str, Any]]:
    """Read prices.csv; return its rows, without their empty cells.

    Raises:
        ConfigError: a faulty row, by line and column.
    """
    return _rows(path, "prices")


def check_gpus(path: Path) -> list[dict[str, Any]]:
    """Read gpus.csv; return its rows, without their empty cells.

    Raises:
        ConfigError: a faulty row, by line and column, or a GPU that is there twice.
    """
    rows = _rows(path, "gpus")
    names = [row["gpu"] for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{path}: GPU {twice[0]!r} has more than one row.")
    return rows


def check_founding(path: Path) -> list[dict[str, Any]]:
    """Read founding.csv; return its rows, without their empty cells.

    Raises:
        ConfigError: a faulty row, by line and column, or a key that a case has twice.
    """
    rows = _rows(path, "founding")
    keys = [(row["case"], row["key"]) for row in rows]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ConfigError(f"{path}: {' '.join(twice[0])} has more than one row.")
    return rows


def rows_with_lines(path: Path, schema: str) -> list[tuple[str, dict[str, Any]]]:
    """Read a table whose rows fit a schema; return each without its empty cells, after its place.

    Raises:
        ConfigError: a faulty row, by line and column, or no row.
    """
    known = schema_of(schema)["properties"]
    reader = csv.DictReader(io.StringIO(read_text(path)))
    for column in reader.fieldnames or ():
        if column not in known:
            raise ConfigError(f"{path}, line 1: unknown column {column!r}. {near(column, known)}")
    rows = []
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        if None in row:
            raise ConfigError(f"{where}: more cells than columns; quote a cell that has a comma.")
        cells = {c: _value(v, known[c], f"{where}: {c}") for c, v in row.items() if v}
        validate(cells, schema, _at(where))
        rows.append((where, cells))
    if not rows:
        raise ConfigError(f"{path}: no row in it.")
    return rows


def _rows(path: Path, schema: str) -> list[dict[str, Any]]:
    return [row for _, row in rows_with_lines(path, schema)]


def _value(text: str, schema: dict[str, Any], where: str) -> Any:
    kinds = {"number": float, "integer": int}
    kind = kinds.get(schema.get("type", ""))
    if kind is None:
        return text
    try:
        number = kind(text)
    except ValueError:
        raise ConfigError(f"{where} is {text!r}; it must be a number.") from None
    if not math.isfinite(number):  # a schema lets NaN pass every limit
        raise ConfigError(f"{where} is {text!r}; leave the cell empty where it is not known.")
    return number


def _at(where: str) -> Locate:
    return lambda keys: f"{where}, column {dotted(keys)}" if keys else where
