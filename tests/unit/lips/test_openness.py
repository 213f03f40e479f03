import numpy as np
import pytest
from talking_faces import open_face

from mythmeter.faces.mesh import MOUTH
from mythmeter.lips.articulation import opening
from mythmeter.lips.openness import OPENNESS, OwnOpening, Sounds
from mythmeter.voice.phonemes import IPA_OF_MISAKI, MISAKI_SOUNDS

TIMES_S = np.arange(100) / 25
GAPS = np.linspace(0, 0.05, 30)
MOUTHS = np.array([open_face(gap)[list(MOUTH)] for gap in GAPS])
OWN = OwnOpening.fit(MOUTHS, GAPS)


def test_every_sound_of_our_speech_has_its_openness():
    assert {IPA_OF_MISAKI.get(sound, sound) for sound in MISAKI_SOUNDS} <= set(OPENNESS)


def test_open_sounds_are_open_and_nothing_is_known_of_silence():
    sounds = Sounds.of([("ɑ", (1.0, 1.3)), ("s", (1.3, 1.6)), ("?", (2.5, 3.0))])
    openness, known = sounds.at(TIMES_S)
    assert openness[28] == pytest.approx(1, abs=0.05)
    assert openness[37] == pytest.approx(0.2, abs=0.05)
    assert known[28:38].min() > 0.9
    assert known[:20].max() < 0.01
    assert known[62:75].max() < 0.01


def test_openness_is_the_same_in_pieces():
    rng = np.random.default_rng(1)
    starts = np.cumsum(rng.uniform(0.05, 0.3, 15))
    names = rng.choice(list(OPENNESS), 15)
    sounds = Sounds.of((n, (s, s + 0.1)) for n, s in zip(names, starts, strict=True))
    whole = sounds.at(TIMES_S)
    for part in (slice(0, 40), slice(40, 100)):
        for piece, of_whole in zip(sounds.at(TIMES_S[part]), whole, strict=True):
            np.testing.assert_allclose(piece, of_whole[part], atol=1e-9)


@pytest.mark.parametrize("mix", [0.0, 0.4, 1.0])
def test_the_mouth_moves_as_much_as_the_persons_own(mix):
    heard = 0.01 + 0.002 * np.sin(TIMES_S * 7)
    openness = 0.5 + 0.4 * np.cos(TIMES_S * 5)
    known = np.ones(100)
    opened = heard + OWN.change(heard, (openness, known), mix, 1.2)
    assert opened.mean() == pytest.approx(GAPS.mean())
    assert opened.std() == pytest.approx(0.8 * GAPS.std())
    likeness = [np.corrcoef(opened, course)[0, 1] for course in (heard, openness)]
    assert (likeness[1] > likeness[0]) == (mix == 1.0)
    assert max(likeness) > 0.8


def test_where_no_sound_is_known_what_is_heard_counts_alone():
    heard = np.linspace(0, 0.05, 100)
    silent = Sounds.of(()).at(TIMES_S)
    np.testing.assert_array_equal(OWN.change(heard, silent, 1.0, 1.2), 0)
    known = np.repeat([0.0, 1.0], 50)
    change = OWN.change(heard, (np.linspace(0, 1, 100), known), 0.4, 1.2)
    np.testing.assert_array_equal(change[:50], 0)
    assert np.abs(change[50:]).max() > 0.001


def test_a_mouth_is_opened_with_its_own_shape():
    opened = OWN.opened(MOUTHS[:1], np.array([0.03]))
    assert opening(opened, MOUTH)[0] == pytest.approx(0.03, abs=1e-3)
    np.testing.assert_allclose(opened[0], open_face(0.03)[list(MOUTH)], atol=2e-3)
