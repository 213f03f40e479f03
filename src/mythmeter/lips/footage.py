"""The person's footage as the lips are learnt from it: frontal faces, and what was heard.

Beside it what it says of her mouth at rest and at its narrowest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.blocks import crop_blocks
from mythmeter.faces.mesh import MOUTH
from mythmeter.faces.pose import frontal_faces
from mythmeter.lips.articulation import opening, width
from mythmeter.lips.features import (
    ANALYSIS_HZ,
    FEATURE_HZ,
    features_at,
    level_db,
    mfcc,
    sample_at,
)
from mythmeter.media.long_sound import LongSound

Array = NDArray[np.float64]

SILENT_DB = -35.0
"""Footage this far below its loud parts shows the mouth at rest."""
FEWEST_SILENT = 5
"""Silent frames that are enough to know a mouth at rest."""
NARROW_SHARE = 0.1
"""Of the footage, by width: its narrowest mouths are those that round a sound."""


@dataclass(frozen=True)
class Footage:
    """One face clip of the person: frontal faces (n, 468, 2) and, where it has sound, features.

    `features` and `level_db` are None for a clip that only lends its textures.
    """

    frames: NDArray[np.int32]
    faces: Array
    rate: Fraction
    features: Array | None
    level_db: Array | None


def read_footage(crops: Path, speech: Path | None, max_frames: int) -> Footage:
    """Read a face clip's table of crops and, if given, the sound of the same clip.

    Frames without a face, or with a hand before it, are left out; of a long clip the first
    `max_frames` with one are used.
    """
    numbers, shown, found = [], [], 0
    for table in crop_blocks(crops):
        rows = np.flatnonzero(table.clear())[: max_frames - found]
        numbers.append(table.frame[rows])
        shown.append(table.points[rows])
        found += len(rows)
        if found == max_frames:
            break
    frames, rate = np.concatenate(numbers), table.rate
    faces = frontal_faces(np.concatenate(shown))
    if speech is None:
        return Footage(frames, faces, rate, None, None)
    sound = LongSound.of_wav(speech, ANALYSIS_HZ)
    times_s = frames.astype(np.int64) * rate.denominator / rate.numerator
    levels = sample_at(level_db(sound, ANALYSIS_HZ), times_s * FEATURE_HZ)
    return Footage(frames, faces, rate, features_at(mfcc(sound, ANALYSIS_HZ), times_s), levels)


def mouths_of(clip: Footage) -> Array:
    """Mouth shapes (n, 2 p) of a clip."""
    return clip.faces[:, list(MOUTH)].reshape(len(clip.frames), -1)


def rest_face(heard: Sequence[Footage]) -> Array:
    """Median face (468, 2) of the silent frames with the least open mouth.

    Where the person never pauses, of all frames: someone who speaks closes the lips now and then.
    """
    faces = np.concatenate([clip.faces for clip in heard])
    levels = np.concatenate([clip.level_db for clip in heard if clip.level_db is not None])
    silent = levels < SILENT_DB
    if silent.sum() >= FEWEST_SILENT:
        faces = faces[silent]
    gaps = opening(faces[:, list(MOUTH)], MOUTH)
    median: Array = np.median(faces[gaps <= np.quantile(gaps, 0.25)], axis=0)
    return median


def narrowest(mouths: Array) -> Array:
    """Mean (p, 2) of the tenth of the mouths (n, p, 2) that are least wide."""
    widths = width(mouths, MOUTH)
    mean: Array = mouths[widths <= np.quantile(widths, NARROW_SHARE)].mean(axis=0)
    return mean
