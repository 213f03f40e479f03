"""The conda file of a stage holds what the stage imports, in the versions that are tested."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from mythmeter.code_version import PACKAGE, modules_behind

REPOSITORY = Path(__file__).parents[2]
ENVS = sorted(path.stem for path in (REPOSITORY / "envs").glob("*.yaml"))


def rules_of() -> dict[str, list[str]]:
    """Environment -> the rules that run in it."""
    found: dict[str, list[str]] = {}
    for path in sorted((REPOSITORY / "rules").rglob("*.smk")):
        for rule, body in re.findall(r"(?ms)^rule (\w+):\n(.*?)(?=^rule |\Z)", path.read_text()):
            if "script:" not in body:
                continue  # it names files and runs nothing
            env = re.search(r"envs/(\w+)\.yaml", body)
            assert env is not None, f"{rule} has no conda file"
            found.setdefault(env[1], []).append(rule)
    return found


def imported(tree: ast.AST, optional: bool = False) -> Iterator[str]:
    """Top-level names that a module cannot do without: not those it tries and can miss."""
    for node in ast.iter_child_nodes(tree):
        may_miss = optional or (isinstance(node, ast.Try) and bool(node.handlers))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if not may_miss and isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif not may_miss and isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        yield from imported(node, may_miss)


@cache
def needs(file: Path) -> frozenset[str]:
    """Distributions that one file imports."""
    names = set(imported(ast.parse(file.read_text(encoding="utf-8"))))
    outside = names - set(sys.stdlib_module_names) - {"mythmeter", "snakemake"}
    return frozenset(canonical(DISTRIBUTIONS[name][0]) for name in outside)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# dlib-bin does not say in its metadata which module it brings.
DISTRIBUTIONS = {"dlib": ["dlib-bin"], **packages_distributions()}


def listed(env: str) -> dict[str, str]:
    """Distribution -> version, as a conda file pins it."""
    content = yaml.safe_load((REPOSITORY / "envs" / f"{env}.yaml").read_text())
    (pip,) = [entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)]
    return {canonical(pin.partition("==")[0]): pin.partition("==")[2] for pin in pip}


def locked() -> dict[str, str]:
    text = (REPOSITORY / "envs" / "requirements.lock").read_text()
    pins = dict(re.findall(r"(?m)^([A-Za-z0-9_.-]+)==(\S+)", text))
    torch = re.search(r"TORCH := torch==(\S+)", (REPOSITORY / "Makefile").read_text())
    assert torch is not None
    return {canonical(name): version for name, version in {**pins, "torch": torch[1]}.items()}


def test_every_conda_file_belongs_to_a_rule() -> None:
    assert sorted(rules_of()) == ENVS


@pytest.mark.parametrize("env", ENVS)
def test_what_a_stage_imports_is_in_its_conda_file(env: str) -> None:
    files = {REPOSITORY / "scripts" / f"{rule}.py" for rule in rules_of()[env]}
    for adapter in list(files):
        files |= {file for file in modules_behind(adapter) if file.suffix == ".py"}
    files |= set((PACKAGE / "usage").glob("*.py"))
    wanted = {name for file in files for name in needs(file)}
    assert wanted - set(listed(env)) == set()


@pytest.mark.parametrize("env", ENVS)
def test_the_versions_are_those_of_the_lock(env: str) -> None:
    pins = locked()
    assert {name: pins.get(name) for name in listed(env)} == listed(env)


@pytest.mark.parametrize("env", ENVS)
def test_the_package_itself_is_installed_after_the_environment_is_made(env: str) -> None:
    script = (REPOSITORY / "envs" / f"{env}.post-deploy.sh").read_text()
    assert "pip install" in script
    assert "--no-deps" in script
