"""Rule track_faces: the target's face in every frame of a clip, whoever else is in it.

Two passes: the first looks at the pictures (`watch`), follows all faces and samples whose they are;
the second knows all samples, locks on the target (`target`), smooths and writes (`write_track`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mythmeter.atomic import replacing
from mythmeter.errors import FaceError
from mythmeter.faces.hands import ASSETS as HAND_ASSETS
from mythmeter.faces.hands import HandTracker
from mythmeter.faces.identity import FaceEncoder
from mythmeter.faces.landmarks.protocol import assets as landmark_assets
from mythmeter.faces.landmarks.protocol import load_landmarker
from mythmeter.faces.only_person import EVERY_FRAMES, IsPerson
from mythmeter.faces.reference import FaceReference
from mythmeter.faces.sightings import Sightings
from mythmeter.faces.target import lock_on_target
from mythmeter.faces.track_summary import track_summary
from mythmeter.faces.watch import watch
from mythmeter.faces.write_track import write_track
from mythmeter.media.decode import count_frames, frame_rate, read_frames
from mythmeter.usage.record import UsageRecord

MAX_TURN_DEG: Final = 60.0
IDENTITY_ASSETS: Final = ("dlib_points", "dlib_face")


def assets(landmarks: str) -> tuple[str, ...]:
    """Names in the model catalogue of what tracking with a landmark backend needs.

    Raises:
        ConfigError: no backend has that name.
    """
    return (*landmark_assets(landmarks), *HAND_ASSETS, *IDENTITY_ASSETS)


def track_faces(
    clip: Path,
    output: Path,
    *,
    verdict: Path,
    landmarks: str,
    models: Mapping[str, Path],
    smoothing_frames: int,
    record: UsageRecord,
    face: FaceReference | None = None,
    max_turn_deg: float = MAX_TURN_DEG,
    is_person: IsPerson | None = None,
) -> None:
    """Track one person's face through `clip.mp4`; write `faces.parquet` and `faces.json`.

    Args:
        clip: a normalised clip.
        output: the Parquet file; columns in `docs/files.md`.
        verdict: the JSON file: who was followed and how it was decided, spans, jitter.
        landmarks: name of the backend.
        models: path of each of `assets`.
        smoothing_frames: odd short window of the smoother, 1 for none.
        record: usage record of the job.
        face: who is meant; None: the prominent face at the start.
        max_turn_deg: largest yaw at which a face is marked as swappable.
        is_person: says whether a face is the one that may be tracked; None: any face.

    Raises:
        ConfigError: no such backend.
        FaceError: the clip shows no face, or not the one that is meant.
        ConsentError: it shows faces, but never that of the person who agreed.
    """
    record.backend = landmarks
    with record.phase("model_load"):
        landmarker = load_landmarker(landmarks, models)
        hands = HandTracker(models)
        encoder = FaceEncoder(models["dlib_points"], models["dlib_face"])
    frames, rate = count_frames(clip), frame_rate(clip)
    output.parent.mkdir(parents=True, exist_ok=True)
    with record.phase("steady", frames=frames), Sightings(output.parent) as sightings:
        pictures = read_frames(clip, stop=frames)
        watched = watch(
            pictures,
            rate,
            landmarker=landmarker,
            hands=hands,
            encoder=encoder,
            sightings=sightings,
            sample_every_s=None if is_person is None else float(EVERY_FRAMES / rate),
        )
        if not len(sightings):
            said = "; ".join(sorted(set(watched.reasons)))
            raise FaceError(
                f"{clip}: none of its {frames} frames shows a face ({said}). Use footage in "
                "which one face is seen from the front, at least 60 pixels high."
            )
        lock = lock_on_target(clip, face, watched, sightings, landmarker, encoder, is_person)
        written = write_track(
            output, clip, lock, watched, sightings, smoothing_frames, max_turn_deg
        )
    summary = track_summary(face, lock, watched, written, float(rate))
    with replacing(verdict) as partial:
        partial.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(
        f"{clip}: {summary['people']} person(s); the target, {summary['target']}, in "
        f"{summary['present_frames']} of {frames} frames, {summary['swappable_frames']} swappable"
    )
