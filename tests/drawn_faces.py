"""Crops of procedurally coloured faces that talk and blink, for tests of the swap."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.faces import mesh
from mythmeter.faces.align import canonical_to_crop, transform
from mythmeter.faces.table import CropsWriter
from mythmeter.faces.warp import texture_points, warp
from mythmeter.media.encode import VideoWriter
from mythmeter.swap.apply import swap_faces
from mythmeter.swap.swappers.base import Settings
from mythmeter.swap.train import train_swap
from mythmeter.usage.record import UsageRecord

Files = tuple[Path, Path]
"""Crops as (video, table)."""

CROP_PX = 96
TEXTURE_PX = 48
RATE = Fraction(25)
UPPER_LIPS = (13, 312, 311, 310, 82, 81, 80, 0, 267, 37)
LOWER_LIPS = (14, 317, 402, 318, 87, 178, 88, 17, 314, 84)


@dataclass(frozen=True)
class DrawnFace:
    """Somebody: a seed for the colours, a skin colour and a width of the nose."""

    seed: int
    skin: tuple[int, int, int]
    nose: float = 1.0

    def texture(self) -> NDArray[np.uint8]:
        """A mottled skin with dark eyes and red lips."""
        rng = np.random.default_rng(self.seed)
        coarse = rng.normal(0, 22, (7, 7, 3)).astype(np.float32)
        mottled = cv2.resize(coarse, (TEXTURE_PX, TEXTURE_PX), interpolation=cv2.INTER_CUBIC)
        texture = np.clip(mottled + self.skin, 0, 255).astype(np.uint8)
        points = texture_points(TEXTURE_PX)
        for ring, colour in (
            (mesh.EYE_LEFT, (30, 40, 60)),
            (mesh.EYE_RIGHT, (30, 40, 60)),
            (mesh.LIPS_OUTER, (190, 60, 70)),
            (mesh.LIPS_INNER, (60, 10, 20)),
        ):
            cv2.fillConvexPoly(texture, points[list(ring)].astype(np.int32), colour)
        return texture

    def shape(self, opening: float, turn: float) -> NDArray[np.float64]:
        """The (468, 2) canonical points with the mouth open and the head turned so far."""
        shape = mesh.CANONICAL.copy()
        nose = list(mesh.NOSE)
        shape[nose, 0] = 0.5 + (shape[nose, 0] - 0.5) * self.nose
        shape[list(UPPER_LIPS), 1] -= opening * 0.3
        shape[list(LOWER_LIPS), 1] += opening
        shape[:, 0] += turn * (1 - ((shape[:, 0] - 0.5) * 2) ** 2)
        return shape


PERSON = DrawnFace(seed=1, skin=(205, 150, 120), nose=0.8)
PERFORMER = DrawnFace(seed=2, skin=(150, 110, 90), nose=1.2)
ABSENT = (3, 4, 17, 29)
"""Frames in which the performer is away."""


def expression_of(frame: int) -> tuple[float, float]:
    """Mouth opening and turn of the head in a frame."""
    return 0.03 * (1 + np.sin(frame * 0.7)), 0.01 * np.sin(frame * 0.23)


def write_face(
    folder: Path,
    face: DrawnFace,
    frames: int,
    *,
    absent: Collection[int] = (),
    background: tuple[int, int, int] = (40, 90, 160),
) -> Files:
    """Write crops of a face as (video, table); frames without a face are black."""
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "crops.mkv", folder / "crops.parquet"
    matrix = canonical_to_crop(CROP_PX)
    with (
        VideoWriter(files[0], rate=RATE, size=(CROP_PX, CROP_PX)) as video,
        CropsWriter(files[1], rate=RATE, crop_px=CROP_PX) as table,
    ):
        for frame in range(frames):
            if frame in absent:
                video.write(np.full((CROP_PX, CROP_PX, 3), frame, np.uint8))
                table.write(frame, None, None)
                continue
            points = transform(face.shape(*expression_of(frame)), matrix)
            drawn, covered = warp(face.texture(), texture_points(TEXTURE_PX), points, CROP_PX)
            picture = np.full((CROP_PX, CROP_PX, 3), background, np.uint8)
            picture[covered] = drawn[covered]
            video.write(picture)
            table.write(frame, np.eye(2, 3), points)
    return files


def write_masks(path: Path, frames: int, hand: slice = slice(0, 0)) -> Path:
    """Masks of crops that nothing covers but, over all columns, the rows of a hand."""
    mask = np.full((CROP_PX, CROP_PX), 255, np.uint8)
    mask[hand] = 0
    with VideoWriter(path, rate=RATE, size=(CROP_PX, CROP_PX), grey=True) as video:
        for _ in range(frames):
            video.write(mask)
    return path


def learn(
    clips: Sequence[Files],
    path: Path,
    *,
    enrolment_frames: int = 50,
    swapper: str = "closed_form",
) -> None:
    """Write the model of the person in the clips."""
    train_swap(
        clips,
        path,
        swapper=swapper,
        settings=Settings(texture_px=TEXTURE_PX, components=12),
        enrolment_frames=enrolment_frames,
        record=UsageRecord("train_swap", {}),
    )


def swap(
    model: Path,
    target: Files,
    folder: Path,
    start_s: float = 0.0,
    end_s: float | None = None,
    masks: Path | None = None,
    swapper: str = "closed_form",
    *,
    own: bool = False,
) -> Files:
    """Write a target's crops with a learnt face in them."""
    faces = folder / "faces.mkv", folder / "faces.parquet"
    swap_faces(
        model,
        target,
        faces,
        swapper=swapper,
        start_s=start_s,
        end_s=end_s,
        record=UsageRecord("swap_faces", {}),
        masks=masks,
        own=own,
    )
    return faces
