"""JSON Schema (draft 2020-12, written as YAML) turned into messages that a person can act on."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mythmeter.config.marked import Key, Loader, MarkedYaml
from mythmeter.errors import ConfigError, MythmeterError

SCHEMAS = Path(__file__).parents[3] / "config" / "schemas"

Locate = Callable[[Sequence[Key]], str]
"""From the path of a key to where it is written: `config.yaml, line 12`."""


@cache
def schema_of(name: str) -> dict[str, Any]:
    """Return the schema `config/schemas/<name>.schema.yaml`.

    Raises:
        ConfigError: the schemas are not beside the package (it must be installed from a checkout).
    """
    path = SCHEMAS / f"{name}.schema.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: schema not found. Install Mythmeter from its checkout (`make setup`)."
        ) from error
    return yaml.load(text, Loader=Loader)


def validate(
    value: Any, name: str, locate: Locate, error_class: type[MythmeterError] = ConfigError
) -> None:
    """Check a value against a schema and raise one message with every fault, in file order.

    Args:
        value: what was read.
        name: the schema: `config`, `renders`, `person`, `models`, `consent`, `prices`, `gpus`,
            `founding`, `market`.
        locate: says where a key is written.
        error_class: what to raise.
    """
    import jsonschema  # 0.3 s: only where something is checked

    schema = schema_of(name)
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    faults = [fault for error in validator.iter_errors(value) for fault in _faults(error)]
    if not faults:
        return
    messages = [f"{locate(keys)}: {text}" for keys, text in faults]
    if len(messages) > 5:
        messages[5:] = [f"… and {len(messages) - 5} more."]
    raise error_class("\n".join(messages))


def locate_in(file: MarkedYaml) -> Locate:
    """Return a `Locate` for a value that comes from one file."""
    return lambda keys: f"{file.path}, line {file.line(keys)}"


def near(word: str, known: Iterable[str]) -> str:
    """Say which known words there are, and which of them was probably meant."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    meant = f"Did you mean {close[0]!r}? " if close else ""
    return f"{meant}Known: {', '.join(known) or 'none'}."


def dotted(keys: Sequence[Key]) -> str:
    """Write a key as people do: `render.crf`, `assets.iris.sources[0]`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text or "the top of the file"


def _faults(error: Any) -> list[tuple[tuple[Key, ...], str]]:
    keys = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = [key for key in error.instance if key not in known]
        return [
            ((*keys, key), f"unknown key {dotted((*keys, key))!r}. {near(str(key), known)}")
            for key in unknown
        ]
    if "propertyNames" in error.schema_path:
        return [((*keys, error.instance), f"{error.instance!r} is not an id. {_ID_RULE}")]
    return [(keys, _sentence(error, dotted(keys)))]


_ID_RULE = "Ids are 1 to 64 small letters, digits, `-` and `_`, and start with a letter or digit."


def _sentence(error: Any, key: str) -> str:
    value, limit = error.instance, error.validator_value
    shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "…"
    match error.validator:
        case "required":
            missing = next(name for name in limit if name not in value)
            rule = error.schema.get("properties", {}).get(missing, {}).get("x-rule", "")
            return f"{key} lacks {missing!r}. {rule}".rstrip()
        case "enum":
            return f"{key} is {shown}. {near(str(value), map(str, limit))}"
        case "const":
            return f"{key} is {shown}; it must be {limit!r}."
        case "type":
            kinds = limit if isinstance(limit, str) else " or ".join(limit)
            return f"{key} is {shown}; it must be of type {kinds}."
        case "minimum" | "exclusiveMinimum":
            than = "at least" if error.validator == "minimum" else "more than"
            return f"{key} is {shown}; it must be {than} {limit}."
        case "maximum" | "exclusiveMaximum":
            than = "at most" if error.validator == "maximum" else "less than"
            return f"{key} is {shown}; it must be {than} {limit}."
        case "minLength" | "minItems" | "minProperties":
            return f"{key} is empty. {error.schema.get('x-rule', '')}".rstrip()
        case "pattern":
            rule = error.schema.get("x-rule") or f"It must match {limit}."
            return f"{key} is {shown}. {rule}"
        case "oneOf" | "anyOf":
            rule = error.schema.get("x-rule") or error.message
            return f"{key}: {rule}"
    return f"{key}: {error.message}."
