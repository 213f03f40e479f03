import numpy as np
import pytest
from talking_faces import open_face

from mythmeter.errors import SpeechError
from mythmeter.faces.mesh import MOUTH
from mythmeter.lips.articulation import (
    SETTLE_S,
    Articulation,
    articulate,
    impose,
    opening,
    read_timing,
)

REST = open_face(0.004)[list(MOUTH)]
WIDE = open_face(0.06)[list(MOUTH)]


def shapes(frames: int) -> np.ndarray:
    return np.tile(WIDE, (frames, 1, 1))


def test_lips_close_on_m_b_and_p_and_only_there(make_words):
    sounds = [("b", 0.50, 0.56), ("ɑ", 0.56, 0.8), ("m", 1.0, 1.08), ("p", 1.5, 1.55)]
    timing = read_timing(make_words([(0.4, 2.0, sounds)]))
    times_s = np.arange(50) / 25
    demands = articulate(timing, times_s)
    gaps = opening(impose(shapes(50), demands, REST, MOUTH), MOUTH)
    for _, start_s, end_s in (sounds[0], sounds[2], sounds[3]):
        middle = round((start_s + end_s) / 2 * 25)
        assert gaps[middle] == pytest.approx(opening(REST[None], MOUTH)[0], abs=1e-6)
    assert gaps[int(0.7 * 25)] == pytest.approx(opening(WIDE[None], MOUTH)[0], rel=0.01)


def test_a_sound_between_two_frames_still_closes_one(make_words):
    timing = read_timing(make_words([(0.0, 1.0, [("p", 0.415, 0.425)])]))
    demands = articulate(timing, np.arange(12) / 12)
    assert demands.closed[5] == 1.0


def test_the_mouth_rests_in_silence_without_chatter(make_words):
    timing = read_timing(make_words([(1.0, 1.6, []), (2.4, 3.0, [])]))
    times_s = np.arange(100) / 25
    demands = articulate(timing, times_s)
    chattering = shapes(100) + np.random.default_rng(0).normal(0, 0.01, (100, *WIDE.shape))
    result = impose(chattering, demands, REST, MOUTH)
    for silent in (times_s < 0.8, (times_s > 1.8) & (times_s < 2.25), times_s > 3.2):
        np.testing.assert_allclose(result[silent], np.tile(REST, (silent.sum(), 1, 1)), atol=1e-9)
    assert (demands.rest[(times_s >= 1.0) & (times_s <= 1.6)] == 0).all()


def test_the_mouth_comes_to_rest_over_its_time_and_not_at_once(make_words):
    timing = read_timing(make_words([(0.0, 1.0, [])]))
    rest = articulate(timing, np.array([1.0, 1.0 + SETTLE_S / 2, 1.0 + SETTLE_S])).rest
    np.testing.assert_allclose(rest, [0.0, 0.5, 1.0], atol=1e-9)


def test_short_gaps_between_words_are_spoken_through(make_words):
    timing = read_timing(make_words([(0.0, 0.5, []), (0.6, 1.0, [])]))
    assert articulate(timing, np.linspace(0.1, 0.9, 20)).rest.max() == 0


def test_lips_never_cross(make_words):
    crossed = np.tile(open_face(-0.02)[list(MOUTH)], (3, 1, 1))
    nothing = Articulation(np.zeros(3), np.zeros(3))
    parted = impose(crossed, nothing, REST, MOUTH)
    upper, lower = parted[:, MOUTH.index(13), 1], parted[:, MOUTH.index(14), 1]
    assert (lower >= upper - 1e-12).all()


def test_a_file_that_is_no_speech_is_refused(tmp_path, make_words):
    (tmp_path / "other.json").write_text('{"sentences": [{"words": [{}]}]}')
    with pytest.raises(SpeechError, match="not the word timings"):
        read_timing(tmp_path / "other.json")
    with pytest.raises(SpeechError, match="no spoken word"):
        read_timing(make_words([]))
