"""Calls of the rules of ingest, faces and swap, with the settings of the example."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from memory.inputs import asset

CROP_PX = 128
ENROLMENT_FRAMES = 400
REAL_BATCHES = 8
"""Of `locate_points`: 128 faces."""

Array = NDArray[Any]


def record_of(rule: str):  # type: ignore[no-untyped-def]
    """A usage record that is not kept."""
    from mythmeter.usage.record import UsageRecord

    return UsageRecord(rule, {})


def normalise_clip(given: Path, out: Path) -> None:
    from mythmeter.media.normalise import normalise_clip

    settings = {"crf": 18, "max_height": 1080, "keyframe_s": 1.0, "threads": 1}
    files = given / "source.mp4", out / "clip.mp4", out / "verdict.json"
    # The machine may be busy; limits change no result.
    normalise_clip(*files, **settings, record=record_of("normalise_clip"), limits_factor=20)


def track_faces(given: Path, out: Path) -> None:
    from mythmeter.faces.track import assets, track_faces

    track_faces(
        given / "clip.mp4",
        out / "faces.parquet",
        verdict=out / "faces.json",
        landmarks="facemesh",
        models={name: asset(name) for name in assets("facemesh")},
        smoothing_frames=5,
        record=record_of("track_faces"),
    )


def locate_points(given: Path, out: Path) -> None:
    """With random weights of the full network: what it costs does not depend on them.

    The network looks at the first batches; all later ones get its last answer again: an hour of it
    would take a processor half a day. Everything before and behind it runs on every frame.
    """
    from mythmeter.faces.landmarks.fan import Fan
    from mythmeter.faces.locate import Settings, locate_points

    Fan._seen = _looks_first(Fan._seen)  # type: ignore[method-assign]
    locate_points(
        given / "clip.mp4",
        given / "faces.parquet",
        weights=given / "fan.pth.tar",
        settings=Settings(flip_input=False, whole_pixels=True, batch_frames=16),
        device="cpu",
        licence="none",
        table=out / "points_68.parquet",
        sheet=out / "points_68.jpg",
        summary=out / "points_68.json",
        record=record_of("locate_points"),
    )


def _looks_first(seen: Callable[..., Array]) -> Callable[..., Array]:
    last: list[Array] = []
    looks = 0

    def answer(fan: object, pictures: Array) -> Array:
        nonlocal looks
        looks += 1
        if looks <= REAL_BATCHES or len(pictures) > len(last[0]):
            last[:] = [seen(fan, pictures)]
        return last[0][: len(pictures)].copy()

    return answer


def crop_faces(given: Path, out: Path, crop_px: int = CROP_PX) -> None:
    from mythmeter.faces.crop import crop_faces

    names = {"video": "crops.mkv", "masks": "masks.mkv", "table": "crops.parquet"}
    files = {name: out / file for name, file in (names | {"sheet": "crops.jpg"}).items()}
    clip = given / "clip.mp4", given / "faces.parquet"
    crop_faces(*clip, **files, crop_px=crop_px, record=record_of("crop_faces"))


def match_face(given: Path, out: Path) -> None:
    from mythmeter.people.match import match_face

    clips = {"nobody.a": (given / "clip.mp4", given / "faces.parquet")}
    models = {name: asset(name) for name in ("dlib_points", "dlib_face")}
    match_face(
        given / "person.json", clips, out / "face.json", models, usage=record_of("match_face")
    )


def train_swap(given: Path, out: Path) -> None:
    from mythmeter.swap.swappers.base import Settings
    from mythmeter.swap.train import train_swap

    train_swap(
        [(given / "crops.mkv", given / "crops.parquet")],
        out / "face.safetensors",
        swapper="closed_form",
        settings=Settings(texture_px=160, components=60),
        enrolment_frames=ENROLMENT_FRAMES,
        record=record_of("train_swap"),
    )


def train_pair(given: Path, out: Path) -> None:
    """A few steps: how many there are does not depend on the length of the clips."""
    from mythmeter.swap.train_pair import PairJob, train_pair

    crops = given / "crops.mkv", given / "crops.parquet"
    job = PairJob(
        person=(crops,),
        performer=crops,
        model=out / "pair.safetensors",
        training=out / "training.json",
        preview=out / "preview.jpg",
        swapper="trained",
        preset="quick",
        held_out="tail",
        enrolment_frames=ENROLMENT_FRAMES,
        seed=1,
        samples=64,
        device="cpu",
        code="bench",
    )
    train_pair(job, processes=1, record=record_of("train_pair"))


def swap_faces(given: Path, out: Path) -> None:
    from mythmeter.swap.apply import swap_faces

    swap_faces(
        given / "face.safetensors",
        (given / "crops.mkv", given / "crops.parquet"),
        (out / "swap.mkv", out / "swap.parquet"),
        swapper="closed_form",
        start_s=0,
        end_s=None,
        masks=given / "masks.mkv",
        record=record_of("swap_faces"),
    )
