"""Rules match_face and match_voice: are the clips really of the person who agreed?

A hash says that a clip is the one that was agreed to; this says that it shows that person.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import ConsentError
from mythmeter.faces.identity import FaceEncoder
from mythmeter.faces.only_person import IsPerson
from mythmeter.media.decode import Frame
from mythmeter.people.likeness import (
    MEASURES,
    Embedding,
    read_embedding,
    threshold_of,
)
from mythmeter.people.record import Record, likeness_path, read_record
from mythmeter.people.sampling import STRETCH_LIMIT, Sample, mean_of, sample_faces, sample_voice
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.embeddings.encoder import load_encoder


def match_face(
    record_path: Path,
    clips: Mapping[str, tuple[Path, Path]],
    out: Path,
    models: Mapping[str, Path],
    *,
    usage: UsageRecord,
) -> None:
    """Compare the tracked face of each clip with the record's; write the distances.

    Args:
        record_path: the consent record, its embeddings beside it.
        clips: id to normalised clip and its `faces.parquet`.
        out: the match, JSON; nothing is written unless every clip is of the person.
        models: `dlib_points` and `dlib_face`.

    Raises:
        ConsentError: a clip shows someone else.
    """
    with usage.phase("model_load"):
        encoder = FaceEncoder(models["dlib_points"], models["dlib_face"])
    with usage.phase("steady", clips=len(clips)):
        samples = {
            clip: sample_faces(encoder, path, faces) for clip, (path, faces) in clips.items()
        }
        compare("face", record_path, samples, out)


def match_voice(
    record_path: Path,
    clips: Mapping[str, Path],
    out: Path,
    models: Mapping[str, Path],
    *,
    usage: UsageRecord,
) -> None:
    """Compare the speech of each clip (16 kHz WAV) with the record's; write the distances.

    Raises:
        ConsentError: someone else speaks, throughout or in a stretch of a few seconds.
    """
    with usage.phase("model_load"):
        encoder = load_encoder("dvector", models["dvector"])
    with usage.phase("steady", clips=len(clips)):
        samples = {clip: sample_voice(encoder, path) for clip, path in clips.items()}
        compare("voice", record_path, samples, out)


def face_check(record_path: Path, models: Mapping[str, Path]) -> IsPerson:
    """Return what says whether a face is that of the person who agreed.

    Raises:
        ConsentError: the record has no face to compare with.
    """
    record = read_record(record_path)
    reference = read_embedding(likeness_path(record_path), record, "face")
    threshold_of(record, "face", str(record_path))
    encoder = FaceEncoder(models["dlib_points"], models["dlib_face"])
    limit = STRETCH_LIMIT["face"]

    def is_person(frame: Frame, points: NDArray[Any]) -> bool:
        return MEASURES["face"].distance(encoder.embed(frame, points), reference) <= limit

    return is_person


def compare(
    what: str, record_path: Path, samples: Mapping[str, Sequence[Sample]], out: Path
) -> None:
    """Hold the samples of each clip against the record; write the match if all are the person's.

    Raises:
        ConsentError: one of them is not, or has nothing to compare.
    """
    record = read_record(record_path)
    reference = read_embedding(likeness_path(record_path), record, what)
    threshold = threshold_of(record, what, str(record_path))
    found = {
        clip: _compare_clip(what, record, clip, list(own), reference, threshold)
        for clip, own in samples.items()
    }
    match = {
        "match_version": 1,
        "decision": "same person",
        "what": what,
        "person": record["person"],
        "record_id": record["record_id"],
        "model": MEASURES[what].model,
        "threshold": threshold,
        "false_accept_rate": MEASURES[what].false_accept_rate,
        "false_reject_rate": MEASURES[what].false_reject_rate,
        "clips": found,
    }
    with replacing(out) as partial:
        partial.write_text(json.dumps(match, indent=2) + "\n", encoding="utf-8")


def _compare_clip(
    what: str,
    record: Record,
    clip: str,
    samples: list[Sample],
    reference: Embedding,
    threshold: float,
) -> dict[str, Any]:
    person = record["person"]
    if not samples:
        raise ConsentError(f"clip {clip} has no {what} that could be compared with {person}'s.")
    measure = MEASURES[what]
    distance = measure.distance(mean_of(samples), reference)
    if distance > threshold:
        raise ConsentError(
            f"clip {clip} is not of {person}: its {what} is at distance {distance:.2f} from the "
            f"one that was agreed to; up to {threshold:.2f} is the same person. Take the clip "
            f"out, or let {person} agree again with clips of their own."
        )
    limit = STRETCH_LIMIT[what]
    others = [s for s in samples if measure.distance(s.embedding, reference) > limit]
    if others:
        seconds = ", ".join(f"{s.at_s:.1f} s" for s in others[:5])
        raise ConsentError(
            f"clip {clip}: another {what} than {person}'s at {seconds}. Cut these parts out and "
            "let the person agree to the new file."
        )
    return {"distance": round(distance, 4), "samples": len(samples)}
