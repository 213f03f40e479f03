"""Chunks joined into one file without encoding them again."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from scene import make_scene, make_speech, tone

from mythmeter.errors import MediaError
from mythmeter.media.encode import VideoWriter
from mythmeter.media.mp4 import box_order, read_luma, read_movie, read_sound
from mythmeter.render.assemble import assemble
from mythmeter.render.timeline import plan_render, read_timeline
from mythmeter.usage.record import UsageRecord

RATES = [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(60)]


def encoded(path: Path, numbers: list[int], rate: Fraction, preset: str = "veryfast") -> Path:
    """A chunk whose pictures move, so that the encoder reorders them."""
    options = {"crf": "18", "preset": preset}
    with VideoWriter(
        path, rate=rate, size=(64, 48), codec="libx264", options=options, keyframe_interval=48
    ) as writer:
        for number in numbers:
            picture = np.full((48, 64, 3), 3 * number, np.uint8)
            picture[number % 48] = 255
            writer.write(picture)
    return path


def prepared(folder: Path, rate: Fraction, chunks: int, duration_s: float = 1.2):  # type: ignore[no-untyped-def]
    scene = make_scene(folder, rate, frames=4)
    make_speech(scene, tone(duration_s))
    plan_render(
        scene.speech,
        scene.faces,
        scene.timeline,
        start_s=0,
        end_s=None,
        fit="loop",
        chunks=chunks,
        record=UsageRecord("plan_render", {}),
    )
    plan = read_timeline(scene.timeline)
    paths = [
        encoded(folder / f"{chunk}.mp4", plan.of_chunk(chunk).tolist(), rate)
        for chunk in range(1, chunks + 1)
    ]
    return scene, plan, paths


def joined(scene, paths: list[Path]) -> Path:  # type: ignore[no-untyped-def]
    out = scene.folder / "assembled.mp4"
    assemble(
        chunks=paths,
        speech=scene.speech,
        words=scene.words,
        timeline=scene.timeline,
        out=out,
        audio_kbps=128,
        record=UsageRecord("assemble", {}),
    )
    return out


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_frames_and_time_stamps_are_exact(tmp_path: Path, rate: Fraction) -> None:
    scene, plan, paths = prepared(tmp_path, rate, 3)
    movie = read_movie(joined(scene, paths))
    times = [time_s for time_s, _ in read_luma(scene.folder / "assembled.mp4")]
    assert times == [number / rate for number in range(plan.frames)]
    assert movie.frames == plan.frames and movie.rate == rate
    assert movie.audio_s is not None and abs(movie.audio_s - movie.video_s) <= 1 / rate
    assert 0 <= movie.video_s - 1.2 < 1 / rate


def test_pictures_are_copied_not_encoded_again(tmp_path: Path) -> None:
    scene, _, paths = prepared(tmp_path, Fraction(25), 2)
    separate = [luma.copy() for path in paths for _, luma in read_luma(path)]
    together = [luma.copy() for _, luma in read_luma(joined(scene, paths))]
    assert np.array_equal(np.stack(separate), np.stack(together))


def test_chunks_of_one_frame_join_too(tmp_path: Path) -> None:
    scene, plan, paths = prepared(tmp_path, Fraction(25), 3, duration_s=0.12)
    assert plan.frames == 3
    assert read_movie(joined(scene, paths)).frames == 3


def test_the_sound_is_the_speech_in_its_place(tmp_path: Path) -> None:
    scene, _, paths = prepared(tmp_path, Fraction(25), 1)
    (block, rate_hz) = next(iter(read_sound(joined(scene, paths), 30.0)))
    expected = 0.2 * np.sin(2 * np.pi * 220 * np.arange(48_000) / rate_hz)
    assert rate_hz == 48_000
    middle = slice(4_800, 43_200)
    assert np.abs(block[:48_000][middle] - expected[middle]).max() < 0.02


def test_captions_and_languages_are_in_the_file_and_the_index_is_first(tmp_path: Path) -> None:
    scene, _, paths = prepared(tmp_path, Fraction(25), 2)
    out = joined(scene, paths)
    movie = read_movie(out)
    assert (movie.captions, movie.caption_language) == (2, "eng")
    with av.open(str(out)) as container:
        texts = [bytes(p)[2:].decode() for p in container.demux(container.streams.subtitles[0])]
    assert [text for text in texts if text] == ["I am not real.", "Count the cost <now>."]
    order = box_order(out)
    assert order.index("moov") < order.index("mdat")


def test_a_missing_frame_is_noticed_and_nothing_is_written(tmp_path: Path) -> None:
    scene, plan, paths = prepared(tmp_path, Fraction(25), 2)
    encoded(paths[1], plan.of_chunk(2).tolist()[:-1], Fraction(25))
    with pytest.raises(MediaError, match="hold 29 frames together, but its timeline has 30"):
        joined(scene, paths)
    assert not (tmp_path / "assembled.mp4").exists()


def test_chunks_of_different_settings_are_refused(tmp_path: Path) -> None:
    scene, plan, paths = prepared(tmp_path, Fraction(25), 2)
    encoded(paths[1], plan.of_chunk(2).tolist(), Fraction(25), preset="ultrafast")
    with pytest.raises(MediaError, match="encoded with other settings"):
        joined(scene, paths)


def test_speech_of_another_length_than_planned_is_refused(tmp_path: Path) -> None:
    scene, _, paths = prepared(tmp_path, Fraction(25), 1)
    make_speech(scene, tone(2.0))
    with pytest.raises(
        MediaError, match=r"lasts 2.000 s, but the timeline was planned for 1.200 s"
    ):
        joined(scene, paths)
