from fractions import Fraction

import numpy as np
import pytest
from talking_faces import babble

from mythmeter.errors import MediaError
from mythmeter.faces.mesh import MOUTH
from mythmeter.lips.articulation import opening
from mythmeter.lips.drive import DriveSettings, at_rest, drive_lips
from mythmeter.lips.features import frame_times_s
from mythmeter.lips.table import read_drive
from mythmeter.media.audio import read_wav, write_wav
from mythmeter.usage.record import UsageRecord

SPEAKING = [(0.0, 60.0, [])]


@pytest.fixture
def drive(tmp_path, make_timeline):
    def run(clips, speech, words, *, rate=Fraction(25), frames=75, heard=None, settings=None):
        output = tmp_path / "drive.parquet"
        record = UsageRecord("drive_lips", {})
        sounds = [clip.speech for clip in clips] if heard is None else heard
        drive_lips(
            crops=[clip.table for clip in clips],
            heard=sounds,
            clips=[f"p.{i}" for i in range(len(clips))],
            speech=speech,
            words=words,
            timeline=make_timeline([0] * frames, rate),
            output=output,
            settings=settings or DriveSettings(gain=1.0),
            record=record,
        )
        return read_drive(output)

    return run


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(24000, 1001), Fraction(30000, 1001)])
def test_the_mouth_follows_the_sound_at_any_output_rate(drive, make_clip, make_words, rate):
    person = make_clip("person", babble(250, 1), pictures=False)
    other = make_clip("other", babble(150, 2), pictures=False)
    frames = int(5 * rate)
    driven = drive([person], other.speech, make_words(SPEAKING), rate=rate, frames=frames)
    positions = frame_times_s(frames, rate) * 25
    truth = np.interp(positions, np.arange(150), other.openings)
    gaps = opening(driven.shape.astype(float), MOUTH)
    matched = np.corrcoef(gaps, truth)[0, 1]
    shifted = [np.corrcoef(np.roll(gaps, k), truth)[0, 1] for k in (20, 35, 50)]
    assert matched > 0.8
    assert matched > max(shifted) + 0.3


def test_silence_keeps_the_mouth_still(drive, make_clip, make_words):
    person = make_clip("person", babble(200, 1), pictures=False)
    words = make_words([(1.0, 2.0, [])])
    driven = drive([person], person.speech, words, frames=100)
    resting = driven.resting == 1
    assert resting.sum() > 40
    assert np.ptp(driven.shape[resting], axis=0).max() < 1e-6
    moving = driven.resting == 0
    assert np.ptp(driven.shape[moving], axis=0).max() > 0.01


def test_a_long_rest_shows_one_texture_and_a_short_one_runs_on(drive, make_clip, make_words):
    person = make_clip("person", babble(200, 1), pictures=False)
    words = make_words([(0.2, 1.0, []), (2.0, 2.4, []), (2.7, 3.8, [])])
    driven = drive([person], person.speech, words, frames=100)
    long_rest = slice(30, 46)
    assert (driven.resting[long_rest] == 1).all()
    assert len(set(driven.unit_frame[long_rest])) == 1
    assert len(set(driven.unit_frame[5:25])) > 10


@pytest.mark.parametrize(("rests", "held"), [([1] * 5, 5), ([1] * 4, 0), ([0.99] * 9, 0)])
def test_only_a_whole_rest_of_a_fifth_of_a_second_is_held(rests, held):
    rest = np.array([0.0, *rests, 0.5, 0.0])
    assert at_rest(rest, Fraction(25)).sum() == held


def test_which_sound_is_spoken_opens_the_mouth(drive, make_clip, make_words):
    person = make_clip("person", babble(200, 1), pictures=False)
    monotone = make_clip("monotone", [0.03] * 100, pictures=False)
    sounds = [("ɑ" if n % 2 else "s", 0.5 + n / 4, 0.75 + n / 4) for n in range(12)]
    words = make_words([(0.5, 3.5, sounds)])
    settings = DriveSettings(gain=1.2, viseme_mix=0.5)
    driven = drive([person], monotone.speech, words, frames=100, settings=settings)
    gaps = opening(driven.shape.astype(float), MOUTH)
    middles = [round((start + 0.125) * 25) for _, start, _ in sounds]
    assert np.median(gaps[middles[1::2]]) > np.median(gaps[middles[::2]]) + 0.01


def test_a_face_that_is_seen_only_in_silence_gives_finite_mouths(drive, make_clip, make_words):
    """Fewer frames of speech than say how far the mouth opens in it: all count."""
    spoken = make_clip("spoken", babble(200, 1), pictures=False)
    silent = make_clip("silent", babble(200, 2), absent=range(80), pictures=False)
    words = make_words([(0.2, 2.8, [("ɑ", 0.5, 1.0), ("s", 1.0, 1.5)])])
    sound, rate_hz = read_wav(silent.speech)
    sound[3 * rate_hz :] = 0
    write_wav(silent.speech, sound, rate_hz)
    driven = drive([silent], spoken.speech, words, frames=75)
    assert np.isfinite(driven.shape).all()


def test_closed_lips_survive_smoothing_and_mixing(drive, make_clip, make_words):
    person = make_clip("person", babble(200, 1), pictures=False)
    words = make_words([(0.0, 8.0, [("m", 1.2, 1.28), ("p", 2.0, 2.08)])])
    driven = drive([person], person.speech, words, frames=75)
    gaps = opening(driven.shape.astype(float), MOUTH)
    at_rest = opening(driven.rest[list(MOUTH)][None].astype(float), MOUTH)[0]
    assert gaps[31] == pytest.approx(at_rest, abs=1e-5)
    assert gaps[51] == pytest.approx(at_rest, abs=1e-5)


def test_a_silent_clip_lends_textures_but_is_not_learnt_from(drive, make_clip, make_words):
    person = make_clip("person", babble(150, 1), pictures=False)
    mute = make_clip("mute", babble(150, 3), pictures=False)
    words = make_words(SPEAKING)
    driven = drive([mute, person], person.speech, words, heard=[None, person.speech])
    truth = person.openings[:75]
    assert np.corrcoef(opening(driven.shape.astype(float), MOUTH), truth)[0, 1] > 0.8
    assert driven.clips == ("p.0", "p.1")
    assert set(driven.unit_clip) <= {0, 1}


def test_frames_without_a_face_are_never_chosen(drive, make_clip, make_words):
    absent = tuple(range(40, 90))
    person = make_clip("person", babble(200, 1), pictures=False, absent=absent)
    driven = drive([person], person.speech, make_words(SPEAKING), frames=200)
    assert not set(driven.unit_frame.tolist()) & set(absent)


def test_no_clip_with_sound_is_one_clear_error(drive, make_clip, make_words, tmp_path):
    person = make_clip("person", babble(150, 1), pictures=False)
    with pytest.raises(MediaError, match="carry the person's voice"):
        drive([person], person.speech, make_words(SPEAKING), heard=[None])
    assert not (tmp_path / "drive.parquet").exists()


def test_of_long_footage_only_so_many_frames_are_used(drive, make_clip, make_words):
    person = make_clip("person", babble(300, 1), pictures=False)
    settings = DriveSettings(max_units=100)
    driven = drive([person], person.speech, make_words(SPEAKING), settings=settings)
    assert driven.unit_frame.max() < 100
