"""Whose face it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mythmeter.errors import ModelError
from mythmeter.faces.identity import SAME_PERSON, FaceEncoder
from mythmeter.faces.landmarks.protocol import assets, load_landmarker
from mythmeter.media.decode import read_frames
from mythmeter.quality.identity import (
    IdentityRow,
    Reference,
    identity_metrics,
    reference_of,
)
from mythmeter.quality.observe import Sample
from mythmeter.quality.whose_face import whose_face


def at(*values: float) -> np.ndarray:
    return np.array([*values, *[0.0] * (128 - len(values))])


PERSON = Reference(mean=at(0.0), halves_distance=0.1, frames=4)


def test_two_clips_of_one_person_are_near_and_another_person_is_far(
    media: Path, models: Callable[[str], Path]
) -> None:
    encoder = FaceEncoder(models("dlib_points"), models("dlib_face"))
    landmark_models = {name: models(name) for name in assets("facemesh")}

    def face(name: str) -> np.ndarray:
        frame = next(iter(read_frames(media / f"grid_{name}.mpg")))
        return encoder.embed(
            frame, load_landmarker("facemesh", landmark_models).observe(frame).points
        )

    one, again, other = face("id2_vcd_swwp2s"), face("pwij3p"), face("lrwp9a")
    assert np.linalg.norm(one - again) < SAME_PERSON / 2
    assert np.linalg.norm(one - other) > SAME_PERSON


def test_weights_that_dlib_cannot_read_are_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "junk.dat").write_bytes(b"junk")
    with pytest.raises(ModelError, match="dlib cannot load"):
        FaceEncoder(tmp_path / "junk.dat", tmp_path / "junk.dat")


def test_a_reference_knows_how_far_its_own_frames_lie_apart() -> None:
    reference = reference_of([at(0.0), at(0.2), at(0.0), at(0.2)])
    assert reference.mean[0] == pytest.approx(0.1)
    assert reference.halves_distance == pytest.approx(0.2)


def test_a_frame_that_lost_its_face_counts_against_the_render() -> None:
    rows = [
        IdentityRow(person=0.3, performer=0.8, untouched_person=0.8, untouched_performer=0.1),
        IdentityRow(person=None, performer=None, untouched_person=None, untouched_performer=None),
    ]
    metrics = identity_metrics(rows, PERSON, PERSON)
    assert metrics["identity_nearer_person"].value == 0.5
    assert metrics["identity_nearer_person"].controls["untouched_footage"] == 0.0
    assert metrics["identity_to_person"].n == 1
    assert metrics["identity_to_person"].controls["person_to_own_frames"] == 0.1


def test_footage_without_a_face_gives_a_reason_and_no_value() -> None:
    samples = [Sample(0, None, False, None, (0.0, 0.0))]
    seen = whose_face(samples, PERSON)
    metric = identity_metrics(seen.rows, seen.person, seen.performer)["identity_to_person"]
    assert metric.value is None
    assert "footage" in str(metric.reason)


def test_controls_come_from_the_footage_and_values_from_the_render() -> None:
    samples = [
        Sample(0, at(0.1), True, at(1.0), (0.0, 0.0)),
        Sample(5, at(0.3), True, at(1.2), (0.0, 0.0)),
        Sample(10, at(0.5), True, None, (0.0, 0.0)),
    ]
    seen = whose_face(samples, PERSON)
    metrics = identity_metrics(seen.rows, seen.person, seen.performer)
    assert metrics["identity_to_person"].value == pytest.approx(0.3)
    assert metrics["identity_to_person"].controls["untouched_footage"] == pytest.approx(1.1)
    assert metrics["identity_to_performer"].value == pytest.approx(0.8)
    assert metrics["identity_nearer_person"].value == pytest.approx(1.0)
