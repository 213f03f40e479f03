"""Drift: the schemas, the files that they check, and the page that documents them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mythmeter.config.schema import SCHEMAS, schema_of
from mythmeter.voice.languages import SUPPORTED_LANGUAGES

NAMES = (
    *("config", "renders", "person", "models", "prices", "gpus", "founding", "market"),
    *("consent", "footage", "ablation", "demand"),
)
SECTIONS = {
    "config": "config.yaml",
    "renders": "renders.tsv",
    "person": "people/&lt;name&gt;.yaml",
    "models": "models.yaml",
    "prices": "prices.csv",
    "gpus": "gpus.csv",
    "founding": "founding.csv",
    "market": "market.csv",
    "ablation": "experiments/ablation.tsv",
}
README = (SCHEMAS.parent / "README.md").read_text()


def rows_of(section: str) -> dict[str, list[str]]:
    """Keys of a section's table, each with its other cells."""
    text = README.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line[:3] == "| `"]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in rows}


def leaves(schema: dict[str, Any], whole: dict[str, Any], key: str = "") -> Iterator[str]:
    """Dotted keys of every property that holds a value, `footage.<id>.path`."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict):
        yield from leaves(inner, whole, f"{key}.<id>")
    elif "properties" in schema:
        for name, value in schema["properties"].items():
            yield from leaves(value, whole, f"{key}.{name}".lstrip("."))
    else:
        yield key
        items = schema.get("items", {})
        if "$ref" in items and key.count("[]") < 1:
            yield from leaves(items, whole, f"{key}[]")


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_allows_no_unknown_key(name: str) -> None:
    schema = schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    found = list(objects(schema))
    assert found
    for entry in found:
        inner = entry.get("additionalProperties")
        assert inner is False or (isinstance(inner, dict) and "propertyNames" in entry)


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_is_documented_and_every_documented_key_exists(name: str) -> None:
    schema = schema_of(name)
    assert set(rows_of(SECTIONS[name])) == set(leaves(schema, schema))


def test_the_documented_defaults_are_those_of_the_built_in_configuration() -> None:
    config = yaml.safe_load((SCHEMAS.parent / "config.yaml").read_text())
    for key, (_, default, _) in rows_of("config.yaml").items():
        if "<id>" in key:
            continue
        value: Any = config
        for part in key.split("."):
            value = value[part]
        shown = value if isinstance(value, str) else json.dumps(value)
        assert default == f"`{shown}`", key


def test_every_field_of_a_record_is_documented() -> None:
    page = (SCHEMAS.parents[1] / "docs" / "consent.md").read_text()
    for field in schema_of("consent")["properties"]:
        assert f"`{field}`" in page, field


def enum(*keys: str) -> set[str]:
    node = schema_of("config")
    for key in keys:
        node = node["properties"][key]
    return set(node["enum"])


def test_the_schema_knows_the_synthesisers_that_there_are() -> None:
    assert enum("voice", "synthesiser") == set(SUPPORTED_LANGUAGES)


def test_the_sheet_and_the_configuration_know_the_same_backends() -> None:
    columns = schema_of("renders")["properties"]
    assert enum("swap", "swapper") == set(columns["swapper"]["enum"])
    assert enum("voice", "synthesiser") == set(columns["synthesiser"]["enum"])
    assert enum("lips", "syncer") == set(columns["syncer"]["enum"])


def test_the_schema_knows_the_swappers_and_syncers_that_there_are() -> None:
    from mythmeter.lips.syncers import SYNCERS
    from mythmeter.swap.swappers import SWAPPERS

    assert enum("swap", "swapper") == set(SWAPPERS)
    assert enum("lips", "syncer") == set(SYNCERS)


def test_no_schema_file_is_left_out() -> None:
    assert {path.name for path in Path(SCHEMAS).iterdir()} == {f"{n}.schema.yaml" for n in NAMES}
