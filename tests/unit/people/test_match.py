"""Another person's clip under a valid record is refused; so is a stretch of another's."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mythmeter.errors import ConsentError
from mythmeter.faces.identity import FaceEncoder
from mythmeter.faces.table import read_faces
from mythmeter.faces.track import assets as tracking_assets
from mythmeter.faces.track import track_faces
from mythmeter.media.decode import open_clip, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.people.enrol import _common
from mythmeter.people.keys import SigningKey
from mythmeter.people.likeness import FACE, VOICE, Likeness, describe, write_likeness
from mythmeter.people.match import compare, face_check
from mythmeter.people.record import Scope, likeness_path, new_record, write_record
from mythmeter.people.sampling import RATE_HZ, Sample, sample_faces, stretches
from mythmeter.people.signature import signed
from mythmeter.usage.record import UsageRecord

Agree = Callable[..., Path]
WEIGHTS = {"dlib_face": "f" * 64, "dvector": "d" * 64}


def faces(*distances: float) -> list[Sample]:
    """Faces at these distances from jane's, which is the first axis."""
    samples = []
    for number, distance in enumerate(distances):
        vector = np.eye(128)[0].copy()
        vector[1] += distance
        samples.append(Sample(float(number), vector))
    return samples


def voices(*distances: float) -> list[Sample]:
    """Stretches of speech at these distances (1 − cosine) from jane's."""
    samples = []
    for number, distance in enumerate(distances):
        vector = np.zeros(256)
        vector[0], vector[1] = 1 - distance, np.sqrt(1 - (1 - distance) ** 2)
        samples.append(Sample(4.0 * number, vector))
    return samples


def test_the_person_is_found_and_the_numbers_are_written(agree: Agree, tmp_path: Path) -> None:
    compare("face", agree(), {"jane.a": faces(0.1, 0.2, 0.3)}, tmp_path / "match.json")
    match = json.loads((tmp_path / "match.json").read_text())
    assert match["clips"] == {"jane.a": {"distance": 0.2, "samples": 3}}
    assert (match["decision"], match["threshold"]) == ("same person", FACE.threshold)
    assert match["record_id"] == json.loads((tmp_path / "jane.json").read_text())["record_id"]


@pytest.mark.parametrize(
    ("what", "samples", "message"),
    [
        ("face", faces(0.7, 0.8), r"jane\.b is not of jane: its face is at distance 0\.75"),
        ("face", faces(0.1, 0.1, 0.1, 0.8), r"jane\.b: another face than jane's at 3\.0 s"),
        ("voice", voices(0.4, 0.5), r"jane\.b is not of jane: its voice is at distance"),
        ("voice", voices(0.0, 0.1, 0.0, 0.9), r"another voice than jane's at 12\.0 s"),
        ("face", [], r"jane\.b has no face that could be compared"),
    ],
)
def test_another_persons_clip_under_a_valid_record_is_refused(
    agree: Agree, tmp_path: Path, what: str, samples: list[Sample], message: str
) -> None:
    own = faces(0.1) if what == "face" else voices(0.1)
    with pytest.raises(ConsentError, match=message):
        compare(what, agree(), {"jane.a": own, "jane.b": samples}, tmp_path / "match.json")
    assert not (tmp_path / "match.json").exists()


def test_a_looser_threshold_in_the_record_does_not_count_a_stricter_one_does(
    agree: Agree, likeness: dict[str, Any], tmp_path: Path
) -> None:
    for threshold, counts in ((9.0, FACE.threshold), (0.1, 0.1)):
        face = {**likeness["face"], "threshold": threshold}
        record = agree(likeness={**likeness, "face": face})
        compare("face", record, {"jane.a": faces(0.05)}, tmp_path / "match.json")
        assert json.loads((tmp_path / "match.json").read_text())["threshold"] == counts


def test_embeddings_of_another_model_or_file_are_not_compared(
    agree: Agree, likeness: dict[str, Any], tmp_path: Path
) -> None:
    face = {**likeness["face"], "model": "another"}
    record = agree(likeness={**likeness, "face": face})
    with pytest.raises(ConsentError, match="was taken with another"):
        compare("face", record, {"jane.a": faces(0.1)}, tmp_path / "match.json")
    record = agree()
    joan = Likeness(np.eye(128)[5], np.eye(256)[5])
    likeness_path(record).unlink()
    write_likeness(joan, likeness_path(record))
    with pytest.raises(ConsentError, match="is not the file that was agreed to"):
        compare("face", record, {"jane.a": faces(0.1)}, tmp_path / "match.json")


def test_clips_of_two_people_cannot_be_agreed_to_as_one() -> None:
    with pytest.raises(ConsentError, match=r"clips a and b are not of the same person"):
        _common({"a": faces(0.1, 0.1), "b": faces(0.9, 0.9)}, "face")
    with pytest.raises(ConsentError, match="no one face makes up most of it"):
        _common({"a": faces(0.0, 0.9)}, "face")


def test_of_several_people_in_a_clip_only_the_one_in_all_clips_is_taken() -> None:
    mean, count = _common({"a": faces(0.0, 0.1, 0.2), "b": faces(0.1, 0.9, 0.1)}, "face")
    assert count == 5
    assert FACE.distance(mean, np.eye(128)[0]) == pytest.approx(0.1)


def test_stretches_cover_all_speech_and_none_is_too_short_to_say_anything() -> None:
    assert stretches(RATE_HZ * 2) == [(0, RATE_HZ * 2)]
    assert stretches(RATE_HZ * 9) == [
        (0, RATE_HZ * 4),
        (RATE_HZ * 4, RATE_HZ * 8),
        (RATE_HZ * 8, RATE_HZ * 9),
    ]
    assert stretches(RATE_HZ * 8 + 10) == [(0, RATE_HZ * 4), (RATE_HZ * 4, RATE_HZ * 8 + 10)]


def test_distances_are_euclidean_for_faces_and_of_angles_for_voices() -> None:
    one, other = np.eye(4)[0], np.eye(4)[1]
    assert FACE.distance(one, other) == pytest.approx(np.sqrt(2))
    assert VOICE.distance(one, 3 * other) == pytest.approx(1.0)
    assert VOICE.distance(one, 3 * one) == pytest.approx(0.0)


def test_of_two_people_in_one_picture_only_the_one_who_agreed_is_followed(
    media: Path, models: Callable[[str], Path], tmp_path: Path, key: SigningKey
) -> None:
    """Real faces: two GRID speakers side by side, the other one larger; either may be asked for."""

    def pictures(name: str) -> list[np.ndarray]:
        with open_clip(media / name) as container:
            frames = container.decode(video=0)
            return [next(frames).to_ndarray(format="rgb24") for _ in range(5)]

    both = tmp_path / "both.mkv"
    with VideoWriter(both, rate=Fraction(25), size=(720, 288)) as writer:
        for left, right in zip(
            pictures("grid_bbaf2n.mpg"), pictures("grid_sbia1a.mpg"), strict=True
        ):
            larger = cv2.resize(right, None, fx=1.3, fy=1.3)[20:308, 40:400]
            writer.write(np.ascontiguousarray(np.hstack([left, larger])))
    assets = {n: models(n) for n in tracking_assets("facemesh")}
    usage = UsageRecord("track_faces", {})
    options: dict[str, Any] = {"landmarks": "facemesh", "models": assets, "smoothing_frames": 1}
    options["verdict"] = tmp_path / "faces.json"
    track_faces(both, tmp_path / "any.parquet", record=usage, **options)
    encoder = FaceEncoder(assets["dlib_points"], assets["dlib_face"])
    prominent = sample_faces(encoder, both, tmp_path / "any.parquet", 2)

    blocked = tmp_path / "blocked.mkv"
    on_right = read_faces(tmp_path / "any.parquet").points[0][:, 0].mean() > 360
    with VideoWriter(blocked, rate=Fraction(25), size=(720, 288)) as writer:
        for frame in read_frames(both):
            frame[:, slice(360, None) if on_right else slice(0, 360)] = 128
            writer.write(frame)
    track_faces(blocked, tmp_path / "rest.parquet", record=usage, **options)
    other = sample_faces(encoder, blocked, tmp_path / "rest.parquet", 2)

    for samples, right in ((prominent, on_right), (other, not on_right)):
        record = tmp_path / "jane.json"
        likeness_path(record).unlink(missing_ok=True)
        taken = Likeness(np.mean([s.embedding for s in samples], axis=0), None, 2, 0)
        write_likeness(taken, likeness_path(record))
        content = new_record(
            "corpus-evaluation",
            "jane",
            {"jane.a": both},
            scope=Scope(face=True, voice=False, languages=("en",), distribution="none"),
            issued=datetime(2026, 1, 1, tzinfo=UTC),
            corpus={"name": "GRID", "licence": "CC BY 4.0", "citation": "Cooke et al., 2006"},
            likeness=describe(taken, likeness_path(record), WEIGHTS),
        )
        write_record(signed(content, key), record)
        is_person = face_check(record, assets)
        out = tmp_path / "one.parquet"
        track_faces(both, out, record=usage, is_person=is_person, **options)
        track = read_faces(out)
        assert track.present.all()
        assert ((track.points[:, :, 0].mean(axis=1) > 360) == right).all()

    with pytest.raises(ConsentError, match="none of them is that of the person who agreed"):
        track_faces(both, out, record=usage, is_person=lambda frame, points: False, **options)
