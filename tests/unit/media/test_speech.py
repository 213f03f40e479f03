"""Sound is taken out in step with the picture."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mythmeter.errors import MediaError
from mythmeter.media.audio import read_wav
from mythmeter.media.speech import extract_audio
from mythmeter.usage.record import UsageRecord

Make = Callable[..., Path]


@pytest.fixture
def extract(tmp_path: Path) -> Callable[..., dict[int, Path]]:
    def run(source: Path, wanted_by: tuple[str, ...] = ()) -> dict[int, Path]:
        outputs = {rate: tmp_path / "out" / f"speech_{rate}.wav" for rate in (16000, 24000)}
        record = UsageRecord("extract_audio", {})
        extract_audio(source, outputs, wanted_by=wanted_by, record=record)
        return outputs

    return run


def click_s(path: Path) -> float:
    samples, rate_hz = read_wav(path)
    return int(np.argmax(np.abs(samples) > 0.2)) / rate_hz


def with_click(make: Make, name: str, *options: object) -> Path:
    click = "aevalsrc='if(between(t,1,1.02),0.8*sin(6000*t),0)':d=2:s=44100"
    return make(name, "testsrc2=s=96x96:r=25:d=2", *options, sound=click)


def test_both_files_are_mono_pcm_at_their_rates(make: Make, extract: Make) -> None:
    for rate_hz, path in extract(with_click(make, "a.mkv", "-ac", 2)).items():
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (rate_hz, 1, "PCM_16")
        assert info.duration == pytest.approx(2.0, abs=0.03)


def test_a_click_stays_where_it_was(make: Make, extract: Make) -> None:
    outputs = extract(with_click(make, "a.mkv"))
    assert click_s(outputs[16000]) == pytest.approx(1.0, abs=0.03)
    assert click_s(outputs[24000]) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("offset_s", [0.5, -0.5])
def test_sound_that_starts_apart_from_the_picture_is_padded_or_cut(
    make: Make, extract: Make, ffmpeg: Callable[..., None], tmp_path: Path, offset_s: float
) -> None:
    together, apart = with_click(make, "together.mkv"), tmp_path / "apart.mkv"
    inputs = ["-i", together, "-itsoffset", offset_s, "-i", together]
    ffmpeg(*inputs, *["-map", "0:v", "-map", "1:a", "-c", "copy"], apart)
    assert click_s(extract(apart)[16000]) == pytest.approx(1.0 + offset_s, abs=0.03)


def test_a_clip_that_starts_late_as_a_whole_stays_in_step(make: Make, extract: Make) -> None:
    outputs = extract(with_click(make, "late.mkv", "-output_ts_offset", 3))
    assert click_s(outputs[16000]) == pytest.approx(1.0, abs=0.03)


def test_the_default_of_two_tracks_is_heard(make: Make, extract: Make) -> None:
    source = make(
        "two.mkv",
        "testsrc2=s=96x96:r=25:d=1",
        *("-filter_complex", "[1:a]volume=0[quiet];[1:a]anull[loud]"),
        *[
            "-map",
            "0:v",
            "-map",
            "[quiet]",
            "-map",
            "[loud]",
            "-disposition:a:0",
            "0",
            "-disposition:a:1",
            "default",
        ],
        sound="sine=d=1",
    )
    samples, _ = read_wav(extract(source)[16000])
    assert np.abs(samples).max() > 0.05


def test_a_silent_clip_names_who_wants_its_voice(make: Make, extract: Make, tmp_path: Path) -> None:
    source = make("silent.mp4", "testsrc2=s=96x96:r=25:d=1")
    with pytest.raises(MediaError, match="has no sound, but ada lists it under voice"):
        extract(source, ("ada lists it under voice",))
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
