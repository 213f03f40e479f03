"""Learning a face and putting it on a performer, on drawn faces whose truth is known."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from drawn_faces import (
    ABSENT,
    CROP_PX,
    PERFORMER,
    PERSON,
    Files,
    learn,
    swap,
    write_face,
    write_masks,
)

from mythmeter.errors import ConfigError, FaceError, MediaError, ModelError
from mythmeter.faces.mask import face_mask
from mythmeter.faces.mesh import NOSE, OVAL
from mythmeter.faces.table import read_crops
from mythmeter.media.decode import read_frames
from mythmeter.swap import apply
from mythmeter.swap.composite import JAW
from mythmeter.swap.model import load_face
from mythmeter.swap.swappers.closed_form import ClosedForm


def pictures(video: Path) -> np.ndarray:
    return np.stack(list(read_frames(video))).astype(np.float32)


def test_there_is_one_crop_for_each_frame_of_the_target(swapped: Files, performer: Files) -> None:
    before, after = read_crops(performer[1]), read_crops(swapped[1])
    assert after.frame.tolist() == list(range(30))
    assert after.present.tolist() == before.present.tolist()
    assert (after.rate, after.crop_px) == (Fraction(25), CROP_PX)
    assert np.array_equal(after.matrix, before.matrix, equal_nan=True)
    assert len(pictures(swapped[0])) == 30


def test_frames_without_a_face_are_untouched(swapped: Files, performer: Files) -> None:
    absent = list(ABSENT)
    assert np.array_equal(pictures(swapped[0])[absent], pictures(performer[0])[absent])
    assert np.isnan(read_crops(swapped[1]).points[absent]).all()


def test_pixels_outside_the_mask_are_untouched(swapped: Files, performer: Files) -> None:
    before, after = pictures(performer[0]), pictures(swapped[0])
    crops = read_crops(performer[1])
    for frame in np.flatnonzero(crops.present):
        outside = face_mask(crops.points[frame], CROP_PX, jaw=JAW) == 0
        assert outside.any()
        assert np.array_equal(after[frame][outside], before[frame][outside])


def test_a_person_swapped_onto_herself_stays_as_she_is(
    person: Files, model: Path, tmp_path: Path
) -> None:
    video, _ = swap(model, person, tmp_path)
    difference = np.abs(pictures(video) - pictures(person[0])).mean(axis=-1)
    inside = [face_mask(p, CROP_PX) > 0.5 for p in read_crops(person[1]).points]
    assert np.mean([d[m].mean() for d, m in zip(difference, inside, strict=True)]) < 6
    own = pictures(write_face(tmp_path / "other", PERFORMER, 60)[0])
    strange = np.abs(own - pictures(person[0])).mean(axis=-1)
    assert np.mean([d[m].mean() for d, m in zip(strange, inside, strict=True)]) > 30


def test_a_target_of_the_persons_own_keeps_its_points(
    model: Path, performer: Files, tmp_path: Path
) -> None:
    before = read_crops(performer[1])
    moved = {}
    for own in (False, True):
        (tmp_path / str(own)).mkdir()
        _, table = swap(model, performer, tmp_path / str(own), own=own)
        moved[own] = np.nanmax(np.abs(read_crops(table).points - before.points[..., :2]))
    assert moved[True] == 0
    assert moved[False] > 0.5


def test_the_drawn_texture_is_the_persons(swapped: Files, performer: Files) -> None:
    """Colour follows the performer's light, so the pattern of the skin is compared."""
    inside = face_mask(read_crops(performer[1]).points[0], CROP_PX) > 0.9
    drawn = {}
    for name, face in (("person", PERSON), ("performer", PERFORMER)):
        folder = swapped[0].parent / name
        drawn[name] = pictures(write_face(folder, face, 1)[0])[0][inside].ravel()
    result = pictures(swapped[0])[0][inside].ravel()
    to_person = np.corrcoef(result, drawn["person"])[0, 1]
    assert to_person > np.corrcoef(result, drawn["performer"])[0, 1] + 0.05


def test_the_nose_becomes_the_persons_and_the_outline_stays(
    swapped: Files, performer: Files, person: Files
) -> None:
    def width(points: np.ndarray) -> float:
        return float(np.ptp(points[list(NOSE), 0]))

    before, after = read_crops(performer[1]).points[0], read_crops(swapped[1]).points[0]
    wanted = width(read_crops(person[1]).points[0])
    assert abs(width(after) - wanted) < 0.35 * abs(width(before) - wanted)
    assert np.allclose(after[list(OVAL)], before[list(OVAL)], atol=0.01)


def test_colour_follows_the_performer(swapped: Files, performer: Files) -> None:
    inside = face_mask(read_crops(performer[1]).points[0], CROP_PX) > 0.9
    before = pictures(performer[0])[0][inside].mean(axis=0)
    assert np.allclose(pictures(swapped[0])[0][inside].mean(axis=0), before, atol=8)


def test_a_segment_is_cut_by_the_exact_rate(
    model: Path, performer: Files, swapped: Files, tmp_path: Path
) -> None:
    video, table = swap(model, performer, tmp_path, start_s=0.2, end_s=0.52)
    assert read_crops(table).frame.tolist() == list(range(5, 13))
    assert len(pictures(video)) == 8


def test_the_same_inputs_give_the_same_bytes(
    person: Files, model: Path, performer: Files, swapped: Files, tmp_path: Path
) -> None:
    again = tmp_path / "model.safetensors"
    learn([person], again)
    assert again.read_bytes() == model.read_bytes()
    video, table = swap(again, performer, tmp_path)
    assert table.read_bytes() == swapped[1].read_bytes()
    assert np.array_equal(pictures(video), pictures(swapped[0]))


def test_a_restored_face_is_the_one_that_was_saved(model: Path) -> None:
    face = load_face(model, "closed_form")
    tensors = face.tensors()
    again = type(face).from_tensors(tensors).tensors()
    assert tensors.keys() == again.keys()
    assert all(np.array_equal(tensors[name], again[name]) for name in tensors)


def test_no_more_frames_are_learnt_from_than_allowed(person: Files, tmp_path: Path) -> None:
    learn([person, person], tmp_path / "model.safetensors", enrolment_frames=30)
    assert len(load_face(tmp_path / "model.safetensors", "closed_form").tensors()["features"]) <= 30


def test_too_few_frames_with_a_face_are_an_error(tmp_path: Path) -> None:
    clip = write_face(tmp_path, PERSON, 30, absent=range(10, 30))
    with pytest.raises(FaceError, match="10 frames show the person's face and 25 are needed"):
        learn([clip], tmp_path / "model.safetensors")
    assert not (tmp_path / "model.safetensors").exists()


def test_a_segment_without_a_face_is_an_error(model: Path, tmp_path: Path) -> None:
    target = write_face(tmp_path / "target", PERFORMER, 10, absent=range(5, 10))
    with pytest.raises(FaceError, match="no frame from 5 to 9"):
        swap(model, target, tmp_path, start_s=0.2)
    assert list(tmp_path.glob("faces*")) == []


def test_a_segment_outside_the_target_is_an_error(
    model: Path, performer: Files, tmp_path: Path
) -> None:
    with pytest.raises(MediaError, match="does not lie inside the clip"):
        swap(model, performer, tmp_path, end_s=1.3)


def test_one_frame_is_enough_of_a_target(model: Path, tmp_path: Path) -> None:
    target = write_face(tmp_path / "target", PERFORMER, 1)
    assert len(pictures(swap(model, target, tmp_path)[0])) == 1


def test_an_unknown_swapper_is_named_with_those_there_are(person: Files, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no swapper 'magic'\. Known: autoencoder, closed_form"):
        learn([person], tmp_path / "model.safetensors", swapper="magic")


def test_a_file_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="cannot be read as a model"):
        load_face(path, "closed_form")


def test_a_model_of_another_version_is_an_error(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClosedForm, "version", 99)
    with pytest.raises(ModelError, match="was written by closed_form, version 1"):
        load_face(model, "closed_form")


def test_what_covers_the_face_is_untouched(model: Path, performer: Files, tmp_path: Path) -> None:
    hand = slice(50, 70)
    masks = write_masks(tmp_path / "masks.mkv", 30, hand)
    before, after = (
        pictures(performer[0]),
        pictures(swap(model, performer, tmp_path, masks=masks)[0]),
    )
    assert np.array_equal(after[:, hand], before[:, hand])
    assert np.abs(after[0, :50] - before[0, :50]).max() > 20


def test_no_border_between_batches(
    model: Path, performer: Files, swapped: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the frames are batched, every pixel is the same: colours have nowhere to jump."""
    monkeypatch.setattr(apply, "BATCH", 7)
    again = swap(model, performer, tmp_path)
    assert np.array_equal(pictures(again[0]), pictures(swapped[0]))
