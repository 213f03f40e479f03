"""How footage is fitted to speech, and how frames are shared out among chunks."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scene import make_scene, make_speech, tone

from mythmeter.errors import ConfigError, MediaError
from mythmeter.faces.table import FacesWriter
from mythmeter.render.timeline import plan, plan_render, read_timeline
from mythmeter.usage.record import UsageRecord

PAL = Fraction(25)
NTSC_FILM = Fraction(24000, 1001)


@pytest.mark.parametrize("rate", [PAL, NTSC_FILM, Fraction(30000, 1001), Fraction(60)])
def test_the_last_frame_reaches_the_end_of_the_speech_exactly(rate: Fraction) -> None:
    for frames in (1, 24, 1001):
        whole = plan(frames / rate, rate, (0, 2000), "trim", 1)
        one_sample_more = plan(frames / rate + Fraction(1, 24000), rate, (0, 2000), "trim", 1)
        assert (whole.frames, one_sample_more.frames) == (frames, frames + 1)


def test_trim_counts_from_the_start_of_the_segment() -> None:
    timeline = plan(Fraction(1, 5), PAL, (100, 110), "trim", 1)
    assert timeline.target_frame.tolist() == [100, 101, 102, 103, 104]
    assert timeline.swap_frame.tolist() == [0, 1, 2, 3, 4]


def test_loop_starts_again() -> None:
    timeline = plan(Fraction(7, 25), PAL, (10, 13), "loop", 1)
    assert timeline.target_frame.tolist() == [10, 11, 12, 10, 11, 12, 10]


def test_ping_pong_turns_without_showing_a_frame_twice() -> None:
    timeline = plan(Fraction(10, 25), PAL, (10, 14), "ping-pong", 1)
    assert timeline.target_frame.tolist() == [10, 11, 12, 13, 12, 11, 10, 11, 12, 13]


def test_ping_pong_of_a_single_frame_holds_it() -> None:
    assert plan(Fraction(3, 25), PAL, (5, 6), "ping-pong", 1).target_frame.tolist() == [5, 5, 5]


def test_a_target_shorter_than_the_speech_is_refused_with_both_lengths_and_what_to_do() -> None:
    with pytest.raises(MediaError) as refused:
        plan(Fraction(3), PAL, (0, 50), "trim", 1)
    message = str(refused.value)
    assert "target shorter than the speech" in message
    assert "2.00 s (50 frames)" in message and "3.00 s (75 frames)" in message
    for remedy in ("loop", "ping-pong", "longer segment", "shorten the script"):
        assert remedy in message


@pytest.mark.parametrize("chunks", [1, 3, 7])
def test_chunks_are_near_equal_and_in_order(chunks: int) -> None:
    timeline = plan(Fraction(4), PAL, (0, 100), "trim", chunks)
    lengths = np.bincount(timeline.chunk)[1:]
    longest_group = np.bincount(timeline.group).max()
    assert lengths.sum() == 100 and lengths.max() - lengths.min() <= longest_group
    assert (np.diff(timeline.chunk) >= 0).all() and timeline.chunks == chunks


@pytest.mark.parametrize("seconds", [3, 4, 60])
@pytest.mark.parametrize("measured", [False, True])
def test_groups_of_pictures_do_not_depend_on_how_many_chunks_there_are(
    seconds: int, measured: bool
) -> None:
    steps = np.random.default_rng(0).uniform(1, 5, 2000).astype(np.float32)
    one, *others = (
        plan(Fraction(seconds), NTSC_FILM, (0, 2000), "trim", chunks, steps if measured else None)
        for chunks in (1, 3, 7)
    )
    assert np.bincount(one.group).max() <= (3 if measured else 2) * NTSC_FILM + 1
    for timeline in others:
        assert np.array_equal(timeline.group, one.group)
        joins = np.flatnonzero(np.diff(timeline.chunk))
        assert (np.diff(timeline.group)[joins] == 1).all(), "a group is never cut"


def test_more_chunks_than_groups_make_more_groups() -> None:
    timeline = plan(Fraction(1), PAL, (0, 100), "trim", 20)
    assert timeline.chunks == 20 and np.bincount(timeline.chunk)[1:].min() >= 1
    assert np.array_equal(timeline.group + 1, timeline.chunk)


def test_more_chunks_than_frames_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"render\.chunks is 3, but the render has only 2 frames"):
        plan(Fraction(2, 25), PAL, (0, 100), "trim", 3)


def test_an_unknown_fit_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="loop, ping-pong, trim"):
        plan(Fraction(1), PAL, (0, 100), "stretch", 1)


def test_speech_without_samples_is_refused() -> None:
    with pytest.raises(MediaError, match="empty"):
        plan(Fraction(0), PAL, (0, 100), "trim", 1)


def test_groups_begin_where_the_footage_hides_it(tmp_path: Path) -> None:
    faces, speech = tmp_path / "faces.parquet", tmp_path / "speech.wav"
    soundfile.write(speech, tone(4.0), 24000)
    quiet = {4, 17, 27, 36, 51, 60, 76, 85}
    with FacesWriter(faces, rate=PAL, width=64, height=48, frames=100) as rows:
        for number in range(100):
            step = None if number == 0 else 2.0 if number in quiet else 4.0
            rows.write(number, reason="no face detected", state={"luma_step": step})
    plan_render(
        speech,
        faces,
        tmp_path / "timeline.parquet",
        start_s=0,
        end_s=None,
        fit="trim",
        chunks=1,
        record=UsageRecord("plan_render", {}),
    )
    starts = np.flatnonzero(np.diff(read_timeline(tmp_path / "timeline.parquet").group)) + 1
    # Even places: 13, 25, 38, 50, 63, 75, 88; a quarter of 12 frames is the furthest from them.
    assert starts.tolist() == [13, 27, 36, 51, 60, 76, 85]


def test_the_written_timeline_is_read_back_whole(tmp_path: Path) -> None:
    scene = make_scene(tmp_path, NTSC_FILM)
    make_speech(scene, tone(1.0))
    plan_render(
        scene.speech,
        scene.faces,
        scene.timeline,
        start_s=0.5,
        end_s=None,
        fit="loop",
        chunks=2,
        record=UsageRecord("plan_render", {}),
    )
    timeline = read_timeline(scene.timeline)
    assert timeline.rate == NTSC_FILM and timeline.frames == 24 and timeline.fit == "loop"
    assert timeline.target_frame[0] == 12 and timeline.swap_frame[0] == 0
    assert timeline.of_chunk(2).tolist() == list(range(12, 24))
