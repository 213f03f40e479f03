from fractions import Fraction

import numpy as np
import pytest
from talking_faces import CROP_PX, babble, open_face, picture

from mythmeter.errors import ConfigError, FaceError
from mythmeter.faces.align import canonical_to_crop
from mythmeter.faces.mesh import CANONICAL, MOUTH, OVAL
from mythmeter.faces.table import read_crops
from mythmeter.lips.blend import bend, lay_texture, mouth_mask
from mythmeter.lips.placement import Placement
from mythmeter.lips.sync import chunk_number, sync_lips
from mythmeter.lips.table import Drive, write_drive
from mythmeter.media.decode import read_frames
from mythmeter.usage.record import UsageRecord


def a_drive(openings, unit_frames, path):
    frames = len(openings)
    drive = Drive(
        rate=Fraction(25),
        clips=("p.a",),
        rest=open_face(0.0).astype(np.float32),
        frame=np.arange(frames, dtype=np.int32),
        shape=np.array([open_face(gap)[list(MOUTH)] for gap in openings], np.float32),
        unit_clip=np.zeros(frames, np.int16),
        unit_frame=np.asarray(unit_frames, np.int32),
        closed=np.zeros(frames, np.float32),
        resting=np.zeros(frames, np.float32),
        rounded=np.zeros(frames, np.float32),
    )
    write_drive(path, drive)
    return path


@pytest.fixture
def sync(tmp_path):
    def run(drive, timeline, swap, person, *, chunk=1, syncer="rewrite"):
        video, table = tmp_path / f"{chunk}.mkv", tmp_path / f"{chunk}.parquet"
        sync_lips(
            drive=drive,
            timeline=timeline,
            swap_video=swap.video,
            swap_table=swap.table,
            crop_videos=[person.video],
            crop_tables=[person.table],
            chunk=chunk,
            syncer=syncer,
            output_video=video,
            output_table=table,
            record=UsageRecord("sync_lips", {}),
        )
        return list(read_frames(video)), read_crops(table)

    return run


def test_only_the_lower_face_changes(sync, make_clip, make_timeline, tmp_path):
    swap = make_clip("swap", [0.0] * 4, jitter=False)
    person = make_clip("person", babble(4, 1))
    drive = a_drive([0.0, 0.02, 0.04, 0.06], [0, 1, 2, 3], tmp_path / "drive.parquet")
    frames, table = sync(drive, make_timeline([0, 1, 2, 3]), swap, person)
    before = picture(0)
    nose_tip_px = int(read_crops(swap.table).points[0, 4, 1])
    for frame in frames:
        np.testing.assert_array_equal(frame[:nose_tip_px], before[:nose_tip_px])
        assert (frame != before).any()
    assert table.present.all()


def test_outside_the_mask_a_still_face_is_untouched(make_clip):
    points = read_crops(make_clip("still", [0.0]).table).points[0]
    moved = Placement(open_face(0.0)).place(open_face(0.0)[list(MOUTH)], points)
    np.testing.assert_allclose(moved, points, atol=0.02)
    base = bend(picture(1), points, moved)
    np.testing.assert_array_equal(base, picture(1))
    laid = lay_texture(base, points, picture(2), points)
    outside = mouth_mask(points, (CROP_PX, CROP_PX)) == 0
    np.testing.assert_array_equal(laid[outside], base[outside])
    assert outside.mean() > 0.6


def test_the_mask_has_no_edge_and_covers_the_lips():
    points = open_face(0.0) * 255
    mask = mouth_mask(points, (256, 256))
    lips = points[[13, 14, 61, 291, 0, 17]].round().astype(int)
    assert (mask[lips[:, 1], lips[:, 0]] > 0.95).all()
    outline = points[list(OVAL)].round().astype(int)
    assert mask[outline[:, 1], outline[:, 0]].max() < 0.1
    assert max(np.abs(np.diff(mask, axis=k)).max() for k in (0, 1)) < 0.2


def test_the_mouths_pixels_are_the_persons(make_clip):
    points = read_crops(make_clip("still", [0.0]).table).points[0]
    grey = np.full((CROP_PX, CROP_PX, 3), 120, np.uint8)
    texture = grey.copy()
    row, column = points[13].round().astype(int)[::-1]
    texture[row - 1 : row + 2, column - 1 : column + 2] = 255
    laid = lay_texture(grey, points, texture, points)
    assert laid[row, column].min() > 200
    assert abs(int(laid[5, 5, 0]) - 120) <= 1


def test_points_follow_the_new_mouth(sync, make_clip, make_timeline, tmp_path):
    swap = make_clip("swap", [0.0] * 2)
    person = make_clip("person", babble(2, 1))
    drive = a_drive([0.0, 0.06], [0, 1], tmp_path / "drive.parquet")
    _, table = sync(drive, make_timeline([0, 1]), swap, person)
    gaps = table.points[:, 14, 1] - table.points[:, 13, 1]
    assert gaps[1] - gaps[0] == pytest.approx(0.06 * canonical_to_crop(CROP_PX)[0, 0], abs=0.01)


def test_chunks_put_together_are_the_whole(sync, make_clip, make_timeline, tmp_path):
    swap = make_clip("swap", babble(10, 5))
    person = make_clip("person", babble(12, 1))
    shown = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1]
    units = [3, 4, 5, 6, 0, 1, 2, 9, 10, 11, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4]
    drive = a_drive(babble(20, 7), units, tmp_path / "drive.parquet")
    whole, whole_table = sync(drive, make_timeline(shown), swap, person)
    timeline = make_timeline(shown, chunks=3, name="chunked")
    parts = [sync(drive, timeline, swap, person, chunk=chunk) for chunk in (1, 2, 3)]
    np.testing.assert_array_equal(np.concatenate([p[0] for p in parts]), whole)
    for column in ("frame", "present", "matrix", "points"):
        joined = np.concatenate([getattr(p[1], column) for p in parts])
        np.testing.assert_array_equal(joined, getattr(whole_table, column))


def test_frames_without_a_face_pass_through(sync, make_clip, make_timeline, tmp_path):
    swap = make_clip("swap", [0.0] * 4, absent=(2,))
    person = make_clip("person", babble(4, 1))
    drive = a_drive([0.05] * 4, [0, 1, 2, 3], tmp_path / "drive.parquet")
    frames, table = sync(drive, make_timeline([0, 1, 2, 3]), swap, person)
    np.testing.assert_array_equal(frames[2], picture(2))
    assert table.present.tolist() == [True, True, False, True]


def test_a_unit_without_a_face_is_refused(sync, make_clip, make_timeline, tmp_path):
    swap = make_clip("swap", [0.0] * 2)
    person = make_clip("person", babble(4, 1), absent=(3,))
    drive = a_drive([0.0, 0.0], [0, 3], tmp_path / "drive.parquet")
    with pytest.raises(FaceError, match="frame 3"):
        sync(drive, make_timeline([0, 1]), swap, person)
    assert not (tmp_path / "1.mkv").exists()


def test_an_unknown_syncer_is_refused_by_name(sync, make_clip, make_timeline, tmp_path):
    swap = make_clip("swap", [0.0] * 2)
    drive = a_drive([0.0, 0.0], [0, 1], tmp_path / "drive.parquet")
    with pytest.raises(ConfigError, match=r"'wav3lip'.*rewrite"):
        sync(drive, make_timeline([0, 1]), swap, swap, syncer="wav3lip")


def test_a_drive_of_another_timeline_is_refused(sync, make_clip, make_timeline, tmp_path):
    swap = make_clip("swap", [0.0] * 4)
    drive = a_drive([0.0] * 2, [0, 1], tmp_path / "drive.parquet")
    with pytest.raises(FaceError, match="does not cover"):
        sync(drive, make_timeline([0, 1, 2, 3]), swap, swap)


def test_chunk_numbers_are_read_from_the_wildcard():
    assert chunk_number("3-of-12") == 3


def test_bending_back_and_forth_returns_the_face():
    face = CANONICAL * (CROP_PX - 1)
    opened = open_face(0.03) * (CROP_PX - 1)
    crop = picture(4)
    back = bend(bend(crop, face, opened), opened, face)
    inner = (slice(60, 85), slice(35, 61))
    assert np.abs(back[inner].astype(int) - crop[inner]).mean() < 3
