"""What a person looks and sounds like, taken from their clips when they agree."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mythmeter.errors import ConsentError
from mythmeter.faces.identity import FaceEncoder
from mythmeter.faces.track import assets as tracking_assets
from mythmeter.faces.track import track_faces
from mythmeter.media.normalise import normalise_clip
from mythmeter.media.speech import extract_audio
from mythmeter.people.likeness import MEASURES, Embedding, Likeness, Measure
from mythmeter.people.sampling import (
    STRETCH_LIMIT,
    STRETCH_S,
    Sample,
    mean_of,
    sample_faces,
    sample_voice,
)
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.embeddings.encoder import RATE_HZ, load_encoder

ASSETS = (*tracking_assets("facemesh"), "dvector")
"""Names in the model catalogue of what it takes."""
MAX_HEIGHT_PX = 720


def take_likeness(
    face_clips: Mapping[str, Path],
    voice_clips: Mapping[str, Path],
    models: Mapping[str, Path],
    limits_factor: float = 1.0,
) -> Likeness:
    """Embed the face and voice that a person's clips have in common.

    The first clip says who it is about: most of it must be one face, one voice. In further clips
    that face must be seen and that voice heard.

    Args:
        face_clips: id and file of each clip that shows the face; may be empty.
        voice_clips: those that carry the voice.
        models: path of each of ASSETS.
        limits_factor: multiplies the limits on decoding the clips.

    Raises:
        ConsentError: clips of different people, or a first clip of several.
        FaceError: a clip without a face.
        MediaError: a clip that cannot be read.
    """
    # mkdtemp makes folders that only their owner can enter.
    with tempfile.TemporaryDirectory(prefix="mythmeter-") as folder:
        scratch = Path(folder)
        given = (models, scratch, limits_factor)
        faces = {clip: _faces_of(path, *given) for clip, path in face_clips.items()}
        voices = {clip: _voice_of(path, *given) for clip, path in voice_clips.items()}
    face = _common(faces, "face") if faces else None
    voice = _common(voices, "voice") if voices else None
    return Likeness(
        face=None if face is None else face[0],
        voice=None if voice is None else voice[0],
        face_samples=0 if face is None else face[1],
        voice_samples=0 if voice is None else round(voice[1] * STRETCH_S),
    )


def _faces_of(
    path: Path, models: Mapping[str, Path], scratch: Path, limits_factor: float
) -> list[Sample]:
    clip, faces = scratch / "clip.mp4", scratch / "faces.parquet"
    record = UsageRecord("consent", {})
    normalise_clip(
        path,
        clip,
        scratch / "verdict.json",
        crf=12,
        max_height=MAX_HEIGHT_PX,
        keyframe_s=1.0,
        threads=2,
        record=record,
        limits_factor=limits_factor,
    )
    track_faces(
        clip,
        faces,
        verdict=scratch / "faces.json",
        landmarks="facemesh",
        models=models,
        smoothing_frames=1,
        record=record,
    )
    return sample_faces(FaceEncoder(models["dlib_points"], models["dlib_face"]), clip, faces)


def _voice_of(
    path: Path, models: Mapping[str, Path], scratch: Path, limits_factor: float
) -> list[Sample]:
    wav = scratch / "speech.wav"
    extract_audio(
        path,
        {RATE_HZ: wav},
        wanted_by=["the person"],
        record=UsageRecord("consent", {}),
        limits_factor=limits_factor,
    )
    return sample_voice(load_encoder("dvector", models["dvector"]), wav)


def _common(clips: Mapping[str, Sequence[Sample]], what: str) -> tuple[Embedding, int]:
    """Return the mean of the samples that are of the first clip's person, and how many.

    Raises:
        ConsentError: the first clip is of several people, another of none of them.
    """
    measure = MEASURES[what]
    first, *others = clips
    kept = _near(clips[first], _middle(clips[first], measure), what)
    if 2 * len(kept) <= len(clips[first]):
        raise ConsentError(
            f"clip {first}: no one {what} makes up most of it. Put first a clip of you alone."
        )
    centre = mean_of(kept)
    for clip in others:
        same = _near(clips[clip], centre, what)
        distance = measure.distance(mean_of(same or clips[clip]), centre)
        if not same or distance > measure.threshold:
            raise ConsentError(
                f"clips {first} and {clip} are not of the same person: the {what} is at distance "
                f"{distance:.2f}; up to {measure.threshold:.2f} is the same. One record is one "
                "person's. Take the other's clip out."
            )
        kept += same
    return mean_of(kept), len(kept)


def _middle(samples: Sequence[Sample], measure: Measure) -> Embedding:
    """Return the sample that is nearest to all others: not a mean of several people."""

    def to_others(sample: Sample) -> float:
        return float(np.median([measure.distance(sample.embedding, s.embedding) for s in samples]))

    return min(samples, key=to_others).embedding


def _near(samples: Sequence[Sample], centre: Embedding, what: str) -> list[Sample]:
    limit, measure = STRETCH_LIMIT[what], MEASURES[what]
    return [s for s in samples if measure.distance(s.embedding, centre) <= limit]
