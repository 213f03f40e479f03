"""Make the clip of a synthetic person, prove that she is nobody, and issue her record."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from fractions import Fraction
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from mythmeter import __version__
from mythmeter.atomic import replacing
from mythmeter.errors import FaceError
from mythmeter.faces.identity import FaceEncoder
from mythmeter.faces.landmarks.protocol import Landmarker, load_landmarker
from mythmeter.media.audio import write_wav
from mythmeter.media.encode import VideoWriter
from mythmeter.media.ffmpeg import run_ffmpeg
from mythmeter.people.keys import ensure_key, generator_folder
from mythmeter.people.record import Scope, new_record, write_record
from mythmeter.people.signature import signed
from mythmeter.persona import nobody, performance, portraits
from mythmeter.persona.build import Ingredients, build, load_portraits
from mythmeter.persona.figure import Pose
from mythmeter.persona.performance import Smile
from mythmeter.persona.recipe import Line, Recipe, read_recipe
from mythmeter.persona.render import Renderer
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.speech import Speech, join
from mythmeter.voice.voices.kokoro import Kokoro

GENERATOR: Final = "mythmeter.persona"
CRF: Final = 12
SAMPLED_FRAMES: Final = 12
"""Frames on which the person is compared with her ingredients."""
LIBRARY_LICENCE: Final = "CC0-1.0 (MakeHuman)"
PORTRAIT_LICENCES: Final = {"astronaut": "public domain (NASA)", "james": "BSD-3-Clause (menpo3d)"}


def generate_person(
    person: str,
    clip: str,
    entry: Mapping[str, Any],
    models: Mapping[str, Path],
    video: Path,
    consent: Path,
    *,
    languages: Sequence[str],
    threads: int,
    record: UsageRecord,
) -> None:
    """Write the clip of a synthetic person and the record that says that she does not exist.

    Args:
        person: her name.
        clip: id of her clip (`ada.a`), under which the record lists the file.
        entry: the `synthetic` section of her file.
        models: the files of `persona.assets.ASSETS` by name.
        video: H.264 and AAC in MP4, written.
        consent: her record, written, signed by this machine's own generator key.
        languages: in which she may be made to speak.
        threads: frames that are drawn at once.
        record: usage record of the job.

    Raises:
        ConfigError: the recipe names something that is not there.
        FaceError: she is too close to someone she was made from, or shows no face.
    """
    recipe = read_recipe(entry)
    record.backend = "makehuman+kokoro"
    ingredients = Ingredients(models["makehuman"], models["james_obj"], models["james_jpg"])
    with record.phase("model_load"):
        landmarker = load_landmarker("facemesh", models)
        renderer = build(recipe, ingredients, landmarker)
        synthesiser = Kokoro(models["kokoro"], models["kokoro_voices"], threads)
    with record.phase("warmup") as work:
        speech, smiles = speak(recipe, synthesiser)
        work["audio_s"] = speech.duration_s
    poses = performance.perform(
        speech.sentences, smiles, speech.duration_s, recipe.rate_hz, recipe.seed
    )
    with record.phase("steady", frames=len(poses), audio_s=speech.duration_s):
        samples = _write_clip(renderer, poses, speech, recipe, video, threads)
    with record.phase("teardown"):
        found = compare(samples, recipe, ingredients, landmarker, models)
        print(f"distance to ingredients: {found}")
        try:
            nobody.require_nobody(person, found)
        except FaceError:
            video.unlink()
            raise
        key, _ = ensure_key(generator_folder())
        issued = record_of(person, clip, video, recipe, found, languages)
        write_record(signed(issued, key), consent)


def speak(recipe: Recipe, synthesiser: Kokoro) -> tuple[Speech, list[Smile]]:
    """Speak the script with a blend of stock voices; return it with the times of smiles."""
    style = synthesiser.blend(recipe.voice)
    spoken = [synthesiser.synthesise(line.text, style, recipe.speed) for line in recipe.script]
    smiles: list[Smile] = []
    whole = spoken[0]
    moment_s = recipe.lead_s
    for index, (line, part) in enumerate(zip(recipe.script, spoken, strict=True)):
        end_s = moment_s + part.duration_s
        smiles.extend(_smiles_of(line, moment_s, end_s))
        if index:
            whole = join([whole, part], pause_s=recipe.script[index - 1].pause_s)
        moment_s = end_s + line.pause_s
    whole = join([whole], pause_s=0, lead_s=recipe.lead_s, tail_s=recipe.script[-1].pause_s)
    return whole, smiles


def _smiles_of(line: Line, start_s: float, end_s: float) -> Iterator[Smile]:
    if line.smile:
        yield Smile(start_s, end_s, line.smile)
    if line.pause_smile:
        yield Smile(end_s + 0.45, end_s + line.pause_s - 0.75, line.pause_smile)


def _write_clip(
    renderer: Renderer,
    poses: Sequence[Pose],
    speech: Speech,
    recipe: Recipe,
    video: Path,
    threads: int,
) -> list[NDArray[np.uint8]]:
    """Draw and encode all frames with the speech; return frames spread over the clip."""
    sampled = set(np.linspace(0, len(poses) - 1, SAMPLED_FRAMES).astype(int).tolist())
    kept = []
    with TemporaryDirectory() as scratch:
        silent, sound = Path(scratch) / "silent.mp4", Path(scratch) / "speech.wav"
        side = recipe.size_px
        with VideoWriter(
            silent,
            rate=Fraction(recipe.rate_hz),
            size=(side, side),
            codec="libx264",
            options={"crf": str(CRF), "preset": "veryfast"},
        ) as writer:
            for number, picture in enumerate(_draw_all(renderer, poses, threads)):
                writer.write(picture)
                if number in sampled:
                    kept.append(picture)
        write_wav(sound, speech.samples, speech.rate_hz)
        with replacing(video) as partial:
            _mux(silent, sound, partial)
    return kept


def _draw_all(
    renderer: Renderer, poses: Sequence[Pose], threads: int
) -> Iterator[NDArray[np.uint8]]:
    """Draw in order, `threads` frames at once, never more than a few ahead."""
    with ThreadPoolExecutor(threads) as pool:
        todo = iter(enumerate(poses))
        waiting: list[Future[NDArray[np.uint8]]] = []
        while True:
            for number, pose in islice(todo, 2 * threads - len(waiting)):
                waiting.append(pool.submit(renderer.draw, pose, number))
            if not waiting:
                return
            yield waiting.pop(0).result()


def _mux(silent: Path, sound: Path, video: Path) -> None:
    pictures, audio = ffmpeg.input(str(silent)), ffmpeg.input(str(sound))
    output = ffmpeg.output(
        *(pictures.video, audio.audio, str(video)),
        **{"c:v": "copy", "c:a": "aac", "b:a": "128k", "map_metadata": "-1"},
        movflags="+faststart",
        fflags="+bitexact",
    )
    run_ffmpeg(output, silent)


def compare(
    pictures: Sequence[NDArray[np.uint8]],
    recipe: Recipe,
    ingredients: Ingredients,
    landmarker: Landmarker,
    models: Mapping[str, Path],
) -> dict[str, float]:
    """Return the distance of a person's mean embedding to each portrait that she was made with."""
    embedder = FaceEncoder(models["dlib_points"], models["dlib_face"])

    def embed(picture: NDArray[np.uint8], name: str) -> nobody.Embedding:
        return embedder.embed(picture, portraits.find_points(landmarker, picture, name))

    own = np.mean([embed(picture, "the rendered clip") for picture in pictures], axis=0)
    others = {
        portrait.name: embed(portrait.picture, f"portrait {portrait.name}")
        for portrait, _ in load_portraits(recipe, ingredients)
    }
    return nobody.distances(own, others)


def record_of(
    person: str,
    clip: str,
    video: Path,
    recipe: Recipe,
    found: Mapping[str, float],
    languages: Sequence[str],
) -> dict[str, Any]:
    """Return the record of a finished clip: its hash, its generator, its ingredients."""
    parts = [f"head, hair, eyes and skin: {LIBRARY_LICENCE}"]
    parts += [
        f"relief of skin: portrait {name}, {PORTRAIT_LICENCES[name]}, face distance {distance:.3f}"
        for name, distance in found.items()
    ]
    parts.append(f"voice: blend of {', '.join(recipe.voice)} of Kokoro-82M, Apache-2.0")
    return new_record(
        "synthetic",
        person,
        {clip: video},
        scope=Scope(face=True, voice=True, languages=tuple(languages), distribution="public"),
        issued=datetime.now(UTC),
        generator=(GENERATOR, __version__),
        statement=(
            "This person does not exist. The files listed here were generated. Ingredients: "
            + "; ".join(parts)
            + "."
        ),
    )
