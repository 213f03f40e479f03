"""Phonemes move the lips, and closures close them."""

import numpy as np
import pytest

from mythmeter.errors import SpeechError
from mythmeter.persona.visemes import DIPHTHONGS, TARGETS, action_names, articulate
from mythmeter.voice.phonemes import IPA_SYMBOLS
from mythmeter.voice.speech import Phoneme

TIMES_S = np.arange(0, 1.5, 0.01)
DURATION_S = 0.09


def spoken(symbols: str, start_s: float = 0.5) -> list[Phoneme]:
    starts = [start_s + k * DURATION_S for k in range(len(symbols))]
    return [Phoneme(s, t, t + DURATION_S) for s, t in zip(symbols, starts, strict=True)]


def at(course: np.ndarray, moment_s: float) -> float:
    return float(np.interp(moment_s, TIMES_S, course))


@pytest.mark.parametrize("closure", ["m", "b", "p"])
def test_lips_close_on_bilabials_between_open_vowels(closure: str) -> None:
    courses = articulate(spoken(f"ɑ{closure}ɑ"), TIMES_S)
    middle_s = 0.5 + 1.5 * DURATION_S - 0.03
    assert courses["jawOpen"].max() > 0.25
    assert at(courses["jawOpen"], middle_s) < 0.08
    assert at(courses["mouthPressLeft"], middle_s) > 0.25
    assert at(courses["mouthLowerDownLeft"], middle_s) < 0.03


@pytest.mark.parametrize("sound", ["f", "v"])
def test_the_lower_lip_meets_the_teeth_on_labiodentals(sound: str) -> None:
    courses = articulate(spoken(f"ɑ{sound}ɑ"), TIMES_S)
    middle_s = 0.5 + 1.5 * DURATION_S - 0.03
    assert at(courses["mouthRollLower"], middle_s) > 0.25
    assert at(courses["jawOpen"], middle_s) < 0.15


def test_rounded_vowels_pucker_and_open_ones_do_not() -> None:
    rounded, opened = articulate(spoken("uu"), TIMES_S), articulate(spoken("ɑɑ"), TIMES_S)
    assert rounded["mouthPucker"].max() > 0.4
    assert opened["mouthPucker"].max() == 0
    assert opened["jawOpen"].max() > 3 * rounded["jawOpen"].max()


def test_the_mouth_rests_in_silence() -> None:
    courses = articulate(spoken("ɑsu"), TIMES_S)
    assert all(course[0] < 0.01 and course[-1] < 0.01 for course in courses.values())


def test_both_sides_of_the_mouth_move_alike() -> None:
    courses = articulate(spoken("isæ"), TIMES_S)
    for name in action_names():
        if name.endswith("Left"):
            right = name.removesuffix("Left") + "Right"
            np.testing.assert_array_equal(courses[name], courses[right])


def test_every_phoneme_of_english_has_a_mouth_shape() -> None:
    parts = {part for s in IPA_SYMBOLS for part in DIPHTHONGS.get(s, (s,))}
    assert parts <= set(TARGETS)


def test_a_diphthong_moves_from_its_first_to_its_second_sound() -> None:
    courses = articulate([Phoneme("aʊ", 0.5, 0.8)], TIMES_S)
    assert TIMES_S[courses["jawOpen"].argmax()] < TIMES_S[courses["mouthPucker"].argmax()]


def test_an_unknown_phoneme_is_named() -> None:
    with pytest.raises(SpeechError, match="'ʘ'"):
        articulate(spoken("ʘ"), TIMES_S)
