"""Embeddings of clips: faces of sampled frames, voices of stretches of speech."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.identity import FaceEncoder
from mythmeter.faces.spread import spread_faces
from mythmeter.media.decode import Frame, read_frames
from mythmeter.media.long_sound import LongSound
from mythmeter.people.likeness import Embedding
from mythmeter.voice.activity import SpeechOnly
from mythmeter.voice.embeddings.encoder import RATE_HZ, SpeakerEncoder

FRAMES = 12
"""Frames of a clip that are compared."""
TURNED_DEG = 30.0
"""Heads turned further than this are not compared."""
STRETCH_S = 4.0
"""Speech that is compared at a time: shorter stretches differ by what is said."""
SHORTEST_S = 1.0
"""A rest of speech that is shorter joins the stretch before it."""
STRETCH_LIMIT: Mapping[str, float] = {"face": 0.5, "voice": 0.35}
"""Distance over which a single frame or stretch is someone else's: single ones scatter more."""


@dataclass(frozen=True)
class Sample:
    """One embedding, and where in its clip it comes from."""

    at_s: float
    embedding: Embedding


def sample_faces(
    encoder: FaceEncoder, clip: Path, faces: Path, count: int = FRAMES
) -> list[Sample]:
    """Embed the tracked face of frames spread over a normalised clip, frontal ones if possible."""
    return [
        Sample(at_s, encoder.embed(frame, points))
        for at_s, frame, points in _spread(clip, faces, count)
    ]


def sample_voice(encoder: SpeakerEncoder, wav: Path) -> list[Sample]:
    """Embed the speech of a 16 kHz recording in stretches of about four seconds, pauses cut."""
    speech = SpeechOnly(LongSound.of_wav(wav, RATE_HZ), RATE_HZ)
    return [
        Sample(start / RATE_HZ, np.asarray(encoder.embed(speech.part(start, stop)), np.float64))
        for start, stop in stretches(len(speech))
    ]


def mean_of(samples: Sequence[Sample]) -> Embedding:
    """Return the mean of the samples' embeddings."""
    return np.asarray(np.mean([sample.embedding for sample in samples], axis=0))


def stretches(samples: int) -> list[tuple[int, int]]:
    """Cut a length into stretches of STRETCH_S; a short rest joins the last."""
    step = int(STRETCH_S * RATE_HZ)
    starts = list(range(0, max(1, samples), step))
    if len(starts) > 1 and samples - starts[-1] < SHORTEST_S * RATE_HZ:
        starts.pop()
    return list(zip(starts, [*starts[1:], samples], strict=True))


def _spread(clip: Path, faces: Path, count: int) -> Iterator[tuple[float, Frame, NDArray[Any]]]:
    rate, chosen = spread_faces(faces, count, turned_deg=TURNED_DEG, else_any=True)
    for number, points in chosen:
        yield float(number / rate), next(read_frames(clip, number, number + 1)), points
