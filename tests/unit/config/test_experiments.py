"""The experiments share the built-in example's work: they must ask for the same things of it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mythmeter.config import Project

OWN = {
    "length": {"renders"},
    "users": {"renders", "render.chunks", "experiments.users.gpus"},
    "ablation": {"experiments.ablation"},
    "training": {"renders", "swap.samples", "swap.held_out", "swap.identity_curve"},
}
"""Keys that an experiment may set: no rule whose work is shared reads them."""

ANY = {"paths.results", "paths.reports", "consent.revocations"}
"""Keys that each sets to what the example has: relative to its own folder."""


def leaves(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{key}.{name}".lstrip("."))
    else:
        yield key


def test_every_experiment_is_here(checkout: Path) -> None:
    assert {path.stem for path in (checkout / "config/experiments").glob("*.yaml")} == set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_an_experiment_changes_nothing_that_shared_work_depends_on(
    name: str, checkout: Path, load: Callable[..., Project]
) -> None:
    file = checkout / "config" / "experiments" / f"{name}.yaml"
    for key in set(leaves(yaml.safe_load(file.read_text()))) - ANY:
        assert any(key == own or key.startswith(f"{own}.") for own in OWN[name]), key
    example, experiment = load(main=False), load(file.relative_to(checkout), main=False)
    for what in ("results", "reports", "revocations", "people", "clips", "synthesisers", "models"):
        assert getattr(experiment, what) == getattr(example, what), what
    assert experiment.languages("ada") == example.languages("ada")


def test_every_batch_of_users_has_as_many_rows_as_its_name_says(
    checkout: Path, load: Callable[..., Project]
) -> None:
    renders = load(Path("config/experiments/users.yaml"), main=False).renders
    sizes = [int(re.fullmatch(r"users-(\d+)-\d+", name).group(1)) for name in renders]  # type: ignore[union-attr]
    assert {size: sizes.count(size) for size in sizes} == {1: 1, 2: 2, 4: 4}
    assert len({(r.script, r.start_s, r.end_s) for r in renders.values()}) == 1


def test_lengths_begin_at_the_same_second_and_end_with_their_speech(
    checkout: Path, load: Callable[..., Project]
) -> None:
    renders = load(Path("config/experiments/length.yaml"), main=False).renders.values()
    assert {render.start_s for render in renders} == {3.0}
    for render in renders:
        assert render.duration_s is not None and render.end_s is not None
        assert render.end_s - render.start_s == pytest.approx(render.duration_s + 0.1)
