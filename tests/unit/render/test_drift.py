"""Sound and picture stay together: in the assembled file, and in what is planned for an hour."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from flashes import make_render, moments, read_back

from mythmeter.media.decode import frame_rate, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.media.mux import AUDIO_RATE_HZ, Caption, _caption_packet, _resampled
from mythmeter.media.segment import segment_frames
from mythmeter.render.timeline import plan

BROADCAST = Fraction(30_000, 1001)
HOUR_FRAMES = 107_893
"""An hour at 30000/1001, rounded up."""


@pytest.mark.parametrize("rate", [Fraction(25), BROADCAST])
def test_flashes_and_beeps_stay_together_to_the_end(tmp_path: Path, rate: Fraction) -> None:
    found = read_back(make_render(tmp_path, rate, seconds=90, every_s=20, chunks=3), rate)
    planned = [number / rate for number in moments(rate, 90, 20)]
    assert found.flashes_s == planned
    apart = found.apart_s()
    assert len(apart) == 6
    assert max(map(abs, apart)) < 0.002
    assert abs(apart[-1] - apart[0]) < 0.001
    assert abs(found.video_end_s - found.audio_end_s) * rate <= 1
    late_s = [abs(c - p) for c, p in zip(found.captions_s, planned, strict=True)]
    assert max(late_s) <= Fraction(1, 2000)


def test_an_hour_of_speech_is_planned_to_the_frame() -> None:
    timeline = plan(Fraction(3600), BROADCAST, (0, HOUR_FRAMES), "trim", 7)
    assert timeline.frames == HOUR_FRAMES
    assert 0 <= timeline.frames / BROADCAST - 3600 < 1 / BROADCAST
    assert segment_frames(0, 3600.0, BROADCAST, HOUR_FRAMES) == (0, HOUR_FRAMES)
    assert segment_frames(3599.9963, None, BROADCAST, HOUR_FRAMES)[0] == HOUR_FRAMES - 1


def test_sound_is_cut_to_the_sample_of_the_last_pictures_end(tmp_path: Path) -> None:
    """An hour at a sample rate that is quick to write; its length at 48 kHz is what counts."""
    import soundfile

    with soundfile.SoundFile(tmp_path / "hour.wav", "w", 1000, 1, subtype="PCM_U8") as wav:
        wav.write(np.zeros(3_600_000))
    length = round(HOUR_FRAMES / BROADCAST * AUDIO_RATE_HZ)
    assert length == 172_801_429
    blocks = _resampled(tmp_path / "hour.wav", length)
    assert sum(len(block) for block in blocks) == length
    assert abs(Fraction(length, AUDIO_RATE_HZ) - HOUR_FRAMES / BROADCAST) < Fraction(1, 48_000)


def test_a_caption_after_an_hour_keeps_its_millisecond(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "any.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        packet = _caption_packet(Caption(3599.9963, 3600.4997, "late"), stream)
    assert (packet.pts, packet.duration) == (3_599_996, 504)


def test_frames_after_an_hour_are_found_by_their_numbers(tmp_path: Path) -> None:
    """Matroska rounds times to milliseconds; numbers must follow from them none the less."""
    path = tmp_path / "crops.mkv"
    with VideoWriter(path, rate=BROADCAST, size=(64, 64)) as out:
        for number in range(HOUR_FRAMES - 12, HOUR_FRAMES):
            # An hour without pictures: only what their times say is looked at.
            out.frames_written = number if number > HOUR_FRAMES - 12 else 0
            out.write(np.full((64, 64, 3), 20 * (number % 12), np.uint8))
    frames = list(read_frames(path, HOUR_FRAMES - 5, HOUR_FRAMES))
    levels = [round(float(frame.mean()) / 20) for frame in frames]
    assert levels == [number % 12 for number in range(HOUR_FRAMES - 5, HOUR_FRAMES)]
    assert frame_rate(path) == BROADCAST
