"""The real person, drawn: the same every time, and nobody. Needs the fetched library."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from mythmeter.faces.identity import SAME_PERSON
from mythmeter.faces.landmarks.protocol import load_landmarker
from mythmeter.persona.assets import ASSETS
from mythmeter.persona.build import Ingredients, build
from mythmeter.persona.figure import Pose
from mythmeter.persona.generate import compare
from mythmeter.persona.performance import RELAXED, SMILE
from mythmeter.persona.recipe import Recipe, read_recipe
from mythmeter.persona.render import Renderer

pytestmark = pytest.mark.workflow

POSES = (Pose(RELAXED), Pose(SMILE, (6.0, 0.0, 0.0)), Pose({"jawOpen": 0.3}, (-6.0, 2.0, 0.0)))


@pytest.fixture(scope="module")
def files(models: Callable[[str], Path]) -> dict[str, Path]:
    return {name: models(name) for name in ASSETS if not name.startswith("kokoro")}


@pytest.fixture(scope="module")
def ingredients(files: dict[str, Path]) -> Ingredients:
    return Ingredients(files["makehuman"], files["james_obj"], files["james_jpg"])


@pytest.fixture(scope="module")
def recipe(repository: Path) -> Recipe:
    person = yaml.safe_load((repository / "config" / "people" / "ada.yaml").read_text())
    return read_recipe(person["synthetic"])


@pytest.fixture(scope="module")
def small(recipe: Recipe, ingredients: Ingredients) -> Renderer:
    return build(replace(recipe, size_px=128), ingredients, None)


def test_the_same_recipe_gives_the_same_picture(
    small: Renderer, recipe: Recipe, ingredients: Ingredients
) -> None:
    again = build(replace(recipe, size_px=128), ingredients, None)
    np.testing.assert_array_equal(small.draw(POSES[1], 5), again.draw(POSES[1], 5))


def test_a_smile_shows_teeth_and_a_closed_mouth_does_not(small: Renderer) -> None:
    def pale(pose: Pose) -> int:
        mouth = small.draw(pose)[75:105, 40:88].astype(int)
        return int(((mouth.min(axis=2) > 125) & (np.ptp(mouth, axis=2) < 30)).sum())

    assert pale(Pose(SMILE)) > pale(Pose(RELAXED)) + 15


def test_a_blink_covers_the_eyes(small: Renderer) -> None:
    eyes = [small.draw(Pose(pose))[45:65] for pose in ({}, {"eyeBlinkLeft": 1, "eyeBlinkRight": 1})]
    assert np.abs(eyes[0].astype(int) - eyes[1]).max() > 60


def test_she_is_nobody(recipe: Recipe, ingredients: Ingredients, files: dict[str, Path]) -> None:
    landmarker = load_landmarker("facemesh", files)
    renderer = build(recipe, ingredients, landmarker)
    pictures = [renderer.draw(pose) for pose in POSES]
    found = compare(pictures, recipe, ingredients, landmarker, files)
    assert set(found) == set(recipe.portraits)
    assert min(found.values()) > SAME_PERSON + 0.02
