import numpy as np
import pytest
from talking_faces import open_face

from mythmeter.errors import SpeechError
from mythmeter.faces.mesh import MOUTH
from mythmeter.lips.articulation import (
    LONGEST_CLOSURE_S,
    NEARLY,
    ROUNDING,
    SETTLE_S,
    Articulation,
    OwnShapes,
    articulate,
    impose,
    opening,
    read_timing,
    width,
)

REST = open_face(0.004)[list(MOUTH)]
WIDE = open_face(0.06)[list(MOUTH)]
NARROW = (WIDE - WIDE.mean(axis=0)) * [0.8, 1.0] + WIDE.mean(axis=0)
OWN = OwnShapes(REST, NARROW)


def shapes(frames: int) -> np.ndarray:
    return np.tile(WIDE, (frames, 1, 1))


def even(frames: int) -> np.ndarray:
    return np.full(frames, 0.06)


def test_lips_close_on_m_b_and_p_and_only_there(make_words):
    sounds = [("b", 0.50, 0.56), ("ɑ", 0.56, 0.8), ("m", 1.0, 1.08), ("p", 1.5, 1.55)]
    timing = read_timing(make_words([(0.4, 2.0, sounds)]))
    times_s = np.arange(50) / 25
    demands = articulate(timing, times_s, even(50))
    gaps = opening(impose(shapes(50), demands, OWN, MOUTH), MOUTH)
    for _, start_s, end_s in (sounds[0], sounds[2], sounds[3]):
        middle = round((start_s + end_s) / 2 * 25)
        assert gaps[middle] == pytest.approx(opening(REST[None], MOUTH)[0], abs=1e-6)
    assert gaps[int(0.7 * 25)] == pytest.approx(opening(WIDE[None], MOUTH)[0], rel=0.01)


def test_lips_nearly_close_on_f_and_v(make_words):
    timing = read_timing(make_words([(0.4, 2.0, [("f", 0.8, 0.9), ("v", 1.4, 1.5)])]))
    demands = articulate(timing, np.arange(50) / 25, even(50))
    gaps = opening(impose(shapes(50), demands, OWN, MOUTH), MOUTH)
    wide, shut = opening(np.stack([WIDE, REST]), MOUTH)
    for middle in (21, 36):
        assert gaps[middle] == pytest.approx(wide + NEARLY * (shut - wide), rel=0.02)


def test_a_sound_timed_as_a_share_of_its_word_closes_where_the_sound_says_so(make_words):
    timing = read_timing(make_words([(0.2, 2.0, [("p", 0.5, 0.9)])]))
    times_s = np.arange(50) / 25
    by_sound = 0.01 + np.abs(times_s - 0.8) * 0.1
    closed = articulate(timing, times_s, by_sound).closed
    assert closed[20] == 1.0
    assert closed[13] < 0.01
    assert (closed == 1.0).sum() <= LONGEST_CLOSURE_S * 25 + 1


def test_after_a_pause_lips_are_shut_before_the_burst_is_heard(make_words):
    timing = read_timing(
        make_words([(1.0, 1.4, [("p", 1.0, 1.02)]), (1.4, 2.0, [("b", 1.4, 1.42)])])
    )
    closed = articulate(timing, np.array([0.94, 1.01, 1.3, 1.41]), even(4)).closed
    np.testing.assert_array_equal(closed == 1, [True, True, False, True])


def test_lips_are_rounded_for_w_u_and_o_and_only_there(make_words):
    sounds = [("w", 0.4, 0.48), ("ɑ", 0.48, 0.9), ("u", 1.2, 1.3), ("oʊ", 1.7, 1.9)]
    timing = read_timing(make_words([(0.3, 2.2, sounds)]))
    demands = articulate(timing, np.arange(55) / 25, even(55))
    widths = width(impose(shapes(55), demands, OWN, MOUTH), MOUTH)
    wide, narrow = width(np.stack([WIDE, NARROW]), MOUTH)
    for middle in (11, 31, 45):
        assert widths[middle] == pytest.approx(wide + ROUNDING * (narrow - wide))
    assert widths[18] == pytest.approx(wide)


def test_a_sound_between_two_frames_still_closes_one(make_words):
    timing = read_timing(make_words([(0.0, 1.0, [("p", 0.415, 0.425)])]))
    demands = articulate(timing, np.arange(12) / 12, even(12))
    assert demands.closed[5] == 1.0


def test_the_mouth_rests_in_silence_without_chatter(make_words):
    timing = read_timing(make_words([(1.0, 1.6, []), (2.4, 3.0, [])]))
    times_s = np.arange(100) / 25
    demands = articulate(timing, times_s, even(100))
    chattering = shapes(100) + np.random.default_rng(0).normal(0, 0.01, (100, *WIDE.shape))
    result = impose(chattering, demands, OWN, MOUTH)
    for silent in (times_s < 0.8, (times_s > 1.8) & (times_s < 2.25), times_s > 3.2):
        np.testing.assert_allclose(result[silent], np.tile(REST, (silent.sum(), 1, 1)), atol=1e-9)
    assert (demands.rest[(times_s >= 1.0) & (times_s <= 1.6)] == 0).all()


def test_the_mouth_comes_to_rest_over_its_time_and_not_at_once(make_words):
    timing = read_timing(make_words([(0.0, 1.0, [])]))
    times_s = np.array([1.0, 1.0 + SETTLE_S / 2, 1.0 + SETTLE_S])
    rest = articulate(timing, times_s, even(3)).rest
    np.testing.assert_allclose(rest, [0.0, 0.5, 1.0], atol=1e-9)


def test_short_gaps_between_words_are_spoken_through(make_words):
    timing = read_timing(make_words([(0.0, 0.5, []), (0.6, 1.0, [])]))
    assert articulate(timing, np.linspace(0.1, 0.9, 20), even(20)).rest.max() == 0


def test_lips_never_cross(make_words):
    crossed = np.tile(open_face(-0.02)[list(MOUTH)], (3, 1, 1))
    nothing = Articulation(np.zeros(3), np.zeros(3), np.zeros(3))
    parted = impose(crossed, nothing, OWN, MOUTH)
    upper, lower = parted[:, MOUTH.index(13), 1], parted[:, MOUTH.index(14), 1]
    assert (lower >= upper - 1e-12).all()


def test_a_file_that_is_no_speech_is_refused(tmp_path, make_words):
    (tmp_path / "other.json").write_text('{"sentences": [{"words": [{}]}]}')
    with pytest.raises(SpeechError, match="not the word timings"):
        read_timing(tmp_path / "other.json")
    with pytest.raises(SpeechError, match="no spoken word"):
        read_timing(make_words([]))
