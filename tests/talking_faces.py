"""Synthetic faces whose mouths open as told, with a sound that says how far."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.faces.align import canonical_to_crop, transform
from mythmeter.faces.mesh import CANONICAL, MOUTH
from mythmeter.faces.table import CropTable, write_crops
from mythmeter.lips.articulation import inner_pairs
from mythmeter.media.audio import write_wav
from mythmeter.media.encode import VideoWriter

CROP_PX = 96
RATE_HZ = 16_000


def open_face(opening: float) -> NDArray[np.float64]:
    """The canonical face with its inner lips that far apart, in canonical units."""
    face = CANONICAL.copy()
    upper, lower = inner_pairs(MOUTH)
    upper_points, lower_points = ([MOUTH[row] for row in rows] for rows in (upper, lower))
    middle = (face[upper_points, 1] + face[lower_points, 1]) / 2
    face[upper_points, 1] = middle - opening * 0.2
    face[lower_points, 1] = middle + opening * 0.8
    face[[17, 84, 314, 18, 200, 199, 175, 152], 1] += opening * 0.5
    return face


def tell(openings: NDArray[np.floating], rate: Fraction) -> NDArray[np.float32]:
    """A buzz that is louder and brighter the wider the mouth is open."""
    samples = int(len(openings) / rate * RATE_HZ)
    times_s = np.arange(samples) / RATE_HZ
    openness = np.interp(times_s * float(rate), np.arange(len(openings)), openings) / 0.06
    low = np.sin(2 * np.pi * 220 * times_s)
    high = np.sin(2 * np.pi * 1800 * times_s)
    return (0.02 + 0.25 * openness * low + 0.2 * openness**2 * high).astype(np.float32) * 0.9


def babble(frames: int, seed: int) -> NDArray[np.float64]:
    """Openings (frames,) of a mouth that talks: smooth and random, 0 to 0.06."""
    noise = np.random.default_rng(seed).normal(size=frames + 40)
    smooth = np.convolve(noise, np.hanning(9), "valid")[:frames]
    return np.clip(smooth / 6 + 0.5, 0, 1) * 0.06


def picture(seed: int, px: int = CROP_PX) -> NDArray[np.uint8]:
    """A smooth random RGB picture."""
    rough = np.random.default_rng(seed).uniform(40, 215, (px // 8, px // 8, 3)).astype(np.float32)
    return cv2.resize(rough, (px, px), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Clip:
    """Files of a face clip."""

    video: Path
    table: Path
    speech: Path
    openings: NDArray[np.float64]


def write_clip(
    folder: Path,
    openings: NDArray[np.floating] | Sequence[float],
    *,
    rate: Fraction = Fraction(25),
    pictures: bool = True,
    absent: Collection[int] = (),
    jitter: bool = True,
) -> Clip:
    """Write crops, their table and the sound of a face whose mouth opens as told.

    Args:
        pictures: whether the crops themselves are written.
        absent: frames without a face.
        jitter: whether every crop is another picture.
    """
    folder.mkdir()
    matrix = canonical_to_crop(CROP_PX)
    frames = len(openings)
    table = CropTable(
        rate=rate,
        crop_px=CROP_PX,
        frame=np.arange(frames, dtype=np.int32),
        present=~np.isin(np.arange(frames), list(absent)),
        matrix=np.tile(np.array([[1, 0, 0], [0, 1, 0]], np.float32), (frames, 1, 1)),
        points=np.array([transform(open_face(gap), matrix) for gap in openings], np.float32),
    )
    clip = Clip(
        folder / "crops.mkv",
        folder / "crops.parquet",
        folder / "speech_16k.wav",
        np.asarray(openings, np.float64),
    )
    write_crops(clip.table, table)
    if pictures:
        with VideoWriter(clip.video, rate=rate, size=(CROP_PX, CROP_PX)) as video:
            for frame in range(frames):
                video.write(picture(frame if jitter else 0))
    write_wav(clip.speech, tell(clip.openings, rate), RATE_HZ)
    return clip


def write_timeline(
    path: Path, swap_frames: Sequence[int], *, rate: Fraction = Fraction(25), chunks: int = 1
) -> Path:
    """Write a timeline that shows the given rows of a swap."""
    count = len(swap_frames)
    table = pa.table(
        {
            "frame": pa.array(range(count), pa.int32()),
            "target_frame": pa.array(swap_frames, pa.int32()),
            "swap_frame": pa.array(swap_frames, pa.int32()),
            "chunk": pa.array([i * chunks // count + 1 for i in range(count)], pa.int16()),
        }
    )
    metadata = {
        "rate": f"{rate.numerator}/{rate.denominator}",
        "frames": str(count),
        "chunks": str(chunks),
        "fit": "loop",
    }
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def write_words(
    path: Path, words: Sequence[tuple[float, float, Sequence[tuple[str, float, float]]]]
) -> Path:
    """Write words.json from (start, end, phonemes), and phonemes from (symbol, start, end)."""
    entries = [
        {
            "text": "word",
            "start_s": start_s,
            "end_s": end_s,
            "phonemes": [{"symbol": s, "start_s": a, "end_s": b} for s, a, b in phonemes],
        }
        for start_s, end_s, phonemes in words
    ]
    sentence = {"text": "", "start_s": 0.0, "end_s": 60.0, "words": entries}
    document = {"rate_hz": RATE_HZ, "duration_s": 60.0, "language": "en", "sentences": [sentence]}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
