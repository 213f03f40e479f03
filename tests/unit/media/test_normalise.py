"""Every odd kind of clip becomes the one kind that later stages read."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mythmeter.media.decode import count_frames, frame_rate, frame_size, read_frames
from mythmeter.media.probe import probe

Make = Callable[..., Path]

TEN_BITS = ("-c:v", "ffv1", "-pix_fmt", "yuv420p10le")


def brightness_to_number(picture: np.ndarray) -> int:
    """Undo what `counting_clip` painted."""
    return round((float(picture.mean()) - 10) / 4)


def verdict_of(clip: Path) -> dict:
    return json.loads(clip.with_name("verdict.json").read_text())


def first_frame(clip: Path) -> np.ndarray:
    return next(iter(read_frames(clip)))


def test_the_result_is_tagged_bt709_420_from_zero_without_sound(
    make: Make, normalise: Make
) -> None:
    source = make("plain.mp4", "testsrc2=s=128x96:r=25:d=1", sound="sine=d=1")
    info = probe(normalise(source))
    colour = info.colour
    assert (colour.primaries, colour.transfer, colour.matrix) == ("bt709", "bt709", "bt709")
    assert (colour.range, info.pixel_format) == ("limited", "yuv420p")
    assert info.start_s == 0
    assert info.audio == ()


def test_key_frames_lie_at_exact_multiples_and_nowhere_else(make: Make, normalise: Make) -> None:
    clip = normalise(make("a.mp4", "testsrc2=s=128x96:r=25:d=1.4"), keyframe_s=0.4)
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.size]
        rate, base = stream.average_rate, stream.time_base
        keys = sorted(round(p.pts * base * rate) for p in packets if p.is_keyframe)
    assert keys == [0, 10, 20, 30]
    assert verdict_of(clip)["made"]["keyframe_interval_frames"] == 10


def test_a_chunk_read_from_the_middle_holds_the_right_frames(
    counting_clip: Make, normalise: Make
) -> None:
    clip = normalise(counting_clip([i / 25 for i in range(40)]))
    chunk = [brightness_to_number(f) for f in read_frames(clip, 13, 27)]
    assert chunk == list(range(13, 27))


def test_a_rotated_phone_clip_stands_upright(
    make: Make, normalise: Make, ffmpeg: Callable[..., None], tmp_path: Path
) -> None:
    lying = make(
        "lying.mp4",
        "color=black:s=160x96:r=25:d=0.4,drawbox=0:0:80:96:white:fill",
        *("-pix_fmt", "yuv420p"),
    )
    rotated = tmp_path / "rotated.mp4"
    ffmpeg("-display_rotation", "-90", "-i", lying, "-c", "copy", rotated)
    assert probe(rotated).rotation_deg == 90
    clip = normalise(rotated)
    assert frame_size(clip) == (96, 160)
    picture = first_frame(clip)
    assert picture[:60].mean() > 200
    assert picture[100:].mean() < 30
    assert probe(clip).rotation_deg == 0
    assert any("90° clockwise" in change for change in verdict_of(clip)["changes"])


def test_a_variable_rate_becomes_an_exact_one_and_every_moment_shows_its_frame(
    counting_clip: Make, normalise: Make
) -> None:
    shown = [0, 1, 2, 4, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20]
    clip = normalise(counting_clip([slot / 30 for slot in shown]))
    assert frame_rate(clip) == Fraction(30)
    seen = [brightness_to_number(f) for f in read_frames(clip)]
    expected = [sum(s <= slot for s in shown) - 1 for slot in range(21)]
    assert seen[:21] == expected
    assert len(seen) <= 22, "only the last frame may be held, for as long as the file says"
    verdict = verdict_of(clip)
    frames = verdict["frames"]
    assert (frames["in"], frames["dropped"]) == (17, 0)
    assert frames["in"] + frames["duplicated"] == frames["out"] == len(seen)
    assert verdict["found"]["variable_rate"] is True
    assert f"{frames['duplicated']} frames duplicated, 0 dropped" in verdict["changes"]


def test_frames_too_close_together_are_dropped_and_counted(
    counting_clip: Make, normalise: Make
) -> None:
    times_s = sorted([i / 25 for i in range(60)] + [0.401])
    verdict = verdict_of(normalise(counting_clip(times_s)))
    assert verdict["made"]["rate"] == "25/1"
    assert verdict["frames"]["dropped"] == 1
    assert verdict["frames"]["out"] == 60


def test_a_late_start_moves_to_zero(make: Make, normalise: Make) -> None:
    source = make("late.mkv", "testsrc2=s=96x96:r=25:d=1", "-output_ts_offset", 3.2)
    clip = normalise(source)
    assert probe(source).start_s == pytest.approx(3.2, abs=0.002)
    assert probe(clip).start_s == 0
    assert count_frames(clip) == 25
    assert any("from 3.2" in change for change in verdict_of(clip)["changes"])


def test_an_odd_size_loses_one_column_and_one_row_and_is_not_resampled(
    make: Make, normalise: Make
) -> None:
    source = make(
        "odd.mkv",
        "testsrc2=s=100x76:r=25:d=0.4,format=yuv444p,crop=99:75:0:0",
        *["-c:v", "ffv1"],
    )
    clip = normalise(source, crf=1)
    assert frame_size(clip) == (98, 74)
    difference = np.abs(first_frame(clip).astype(int) - first_frame(source)[:74, :98])
    assert np.median(difference) < 6
    assert any("cropped: now 98×74" in change for change in verdict_of(clip)["changes"])


def test_a_tall_picture_is_scaled_down_and_keeps_its_shape(make: Make, normalise: Make) -> None:
    clip = normalise(make("tall.mp4", "testsrc2=s=320x240:r=25:d=0.4"), max_height=121)
    assert frame_size(clip) == (160, 120)


def test_oblong_pixels_become_square(make: Make, normalise: Make) -> None:
    clip = normalise(make("sar.mp4", "testsrc2=s=96x96:r=25:d=0.4,setsar=16/11"))
    assert frame_size(clip) == (138, 96)
    assert probe(clip).pixel_aspect == 1
    assert any("16/11" in change for change in verdict_of(clip)["changes"])


def test_ten_bits_become_eight(make: Make, normalise: Make) -> None:
    source = make("deep.mkv", "testsrc2=s=96x96:r=25:d=0.4", *TEN_BITS)
    clip = normalise(source)
    assert probe(source).bit_depth == 10
    assert probe(clip).pixel_format == "yuv420p"
    assert "yuv420p10le made yuv420p, 8 bits" in verdict_of(clip)["changes"]


@pytest.mark.parametrize(
    ("transfer", "code"),
    [("smpte2084", 396), ("arib-std-b67", 397)],
    ids=["PQ, 26 nits", "HLG, 38 %"],
)
def test_the_grey_card_of_hdr_becomes_that_of_sdr(
    make: Make, normalise: Make, transfer: str, code: int
) -> None:
    tags = f"range=limited:color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc"
    grey = f"geq=lum={code}:cb=512:cr=512,format=yuv420p10le,setparams={tags}"
    source = make("hdr.mkv", f"color=gray:s=96x96:r=25:d=0.2,format=yuv420p10le,{grey}", *TEN_BITS)
    clip = normalise(source)
    assert probe(source).hdr
    assert probe(clip).colour.transfer == "bt709"
    assert first_frame(clip).mean() == pytest.approx(100, abs=15)
    assert any(f"tone mapped from HDR ({transfer}" in c for c in verdict_of(clip)["changes"])


@pytest.mark.parametrize(("matrix", "tag"), [("bt709", "bt709"), ("smpte170m", "bt601")])
def test_colours_survive_either_matrix(make: Make, normalise: Make, matrix: str, tag: str) -> None:
    source = make(
        "red.mp4",
        f"color=0xC81E28:s=96x96:r=25:d=0.2,scale=out_color_matrix={tag}:out_range=limited,"
        f"format=yuv420p,setparams=colorspace={matrix}:range=limited",
    )
    red, green, blue = first_frame(normalise(source)).reshape(-1, 3).mean(axis=0)
    assert (red, green, blue) == pytest.approx((200, 30, 40), abs=5)


def test_interlaced_lines_are_blended_away(make: Make, normalise: Make) -> None:
    source = make(
        "interlaced.mpg",
        "testsrc2=s=128x96:r=50:d=1,interlace=lowpass=off",
        *["-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme"],
    )
    clip = normalise(source)
    assert probe(source).interlaced
    assert not probe(clip).interlaced
    assert verdict_of(clip)["made"]["frames"] in (24, 25)
    assert any("deinterlaced" in change for change in verdict_of(clip)["changes"])


def test_of_two_audio_tracks_the_default_is_taken_and_named(make: Make, normalise: Make) -> None:
    source = make(
        "two.mkv",
        "testsrc2=s=96x96:r=25:d=0.4",
        *[
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-map",
            "1:a",
            "-disposition:a:0",
            "0",
            "-disposition:a:1",
            "default",
        ],
        sound="sine=d=0.4",
    )
    verdict = verdict_of(normalise(source))
    assert verdict["audio_track_used"] == 2
    assert "sound taken out: stream 2 (the default of 2 tracks)" in verdict["changes"]


def test_a_real_clip_of_variable_rate_is_accepted(media: Path, normalise: Make) -> None:
    verdict = verdict_of(normalise(media / "pyfeat_face_noface.mov"))
    assert verdict["made"]["rate"] == "30/1"
    assert verdict["frames"]["in"] == 169


def test_a_real_mpeg_clip_keeps_all_its_frames(media: Path, normalise: Make) -> None:
    clip = normalise(media / "grid_lrwp9a.mpg")
    assert verdict_of(clip)["frames"] == {"in": 75, "out": 75, "dropped": 0, "duplicated": 0}
    assert frame_rate(clip) == 25


def test_the_same_clip_gives_the_same_bytes(make: Make, normalise: Make) -> None:
    source = make("same.mp4", "testsrc2=s=96x96:r=25:d=0.4")
    assert normalise(source).read_bytes() == normalise(source).read_bytes()
