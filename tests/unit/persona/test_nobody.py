"""A synthetic person must be nobody; her record must be of her file."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import yaml

from mythmeter.errors import FaceError
from mythmeter.models.fetch import sha256_of
from mythmeter.people.record import check_schema
from mythmeter.persona import nobody
from mythmeter.persona.generate import record_of
from mythmeter.persona.recipe import Recipe, read_recipe


@pytest.fixture
def recipe(repository: Path) -> Recipe:
    person = yaml.safe_load((repository / "config" / "people" / "ada.yaml").read_text())
    return read_recipe(person["synthetic"])


def test_a_person_far_from_all_ingredients_passes() -> None:
    nobody.require_nobody("ada", {"astronaut": 0.61, "james": 0.8})


@pytest.mark.parametrize("distance", [0.3, 0.6])
def test_a_person_too_close_to_an_ingredient_is_refused(distance: float) -> None:
    with pytest.raises(FaceError, match="ada looks like the portrait james"):
        nobody.require_nobody("ada", {"astronaut": 0.9, "james": distance})


def test_distances_are_euclidean() -> None:
    person, other = np.zeros(128), np.full(128, 0.1)
    assert nobody.distances(person, {"x": other})["x"] == pytest.approx(0.1 * 128**0.5)


def test_the_recipe_of_the_built_in_person_blends_portraits_and_voices(recipe: Recipe) -> None:
    assert len(recipe.voice) >= 3
    assert max(recipe.voice.values()) / sum(recipe.voice.values()) < 0.5
    assert len(recipe.portraits) >= 2
    assert any(line.pause_smile == 1.0 for line in recipe.script)


def test_the_record_is_of_the_file_and_names_the_ingredients(
    recipe: Recipe, tmp_path: Path
) -> None:
    video = tmp_path / "ada.mp4"
    video.write_bytes(b"frames")
    distances = {"james": 0.7, "astronaut": 0.66}
    record = record_of("ada", "ada.a", video, recipe, distances, ("en",))
    check_schema(record, "test")
    assert record["kind"] == "synthetic"
    assert record["subject"]["exists"] is False
    assert record["sources"][0]["sha256"] == sha256_of(video)
    assert record["generator"]["name"] == "mythmeter.persona"
    for word in ("CC0-1.0", "NASA", "BSD-3-Clause", "af_heart", "Apache-2.0", "0.660"):
        assert word in record["statement"]
    assert datetime.fromisoformat(record["issued"]).tzinfo is not None
