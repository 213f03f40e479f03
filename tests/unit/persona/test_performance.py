"""The performance follows the speech, blinks, and is the same every time."""

import numpy as np
import pytest

from mythmeter.persona.figure import Pose
from mythmeter.persona.performance import Smile, perform
from mythmeter.voice.speech import Phoneme, Sentence, Word

RATE_HZ = 25
PHONEMES = tuple(Phoneme(symbol, 2 + 0.1 * k, 2.1 + 0.1 * k) for k, symbol in enumerate("hɛlumɑmɑ"))
SENTENCES = [Sentence("x", 2.0, 2.8, (Word("x", 2.0, 2.8, PHONEMES),))]
SMILES = [Smile(4.0, 5.5, 1.0)]


@pytest.fixture(scope="module")
def poses() -> list[Pose]:
    return perform(SENTENCES, SMILES, 8.0, RATE_HZ, seed=3)


def course(poses: list[Pose], name: str) -> np.ndarray:
    return np.array([pose.actions[name] for pose in poses])


def test_there_is_a_pose_for_every_frame(poses: list[Pose]) -> None:
    assert len(poses) == 8 * RATE_HZ


def test_the_same_seed_gives_the_same_performance_and_another_does_not(poses: list[Pose]) -> None:
    assert perform(SENTENCES, SMILES, 8.0, RATE_HZ, seed=3) == poses
    assert perform(SENTENCES, SMILES, 8.0, RATE_HZ, seed=4) != poses


def test_she_blinks_wholly_several_times_and_mostly_looks(poses: list[Pose]) -> None:
    closed = course(poses, "eyeBlinkLeft")
    blinks = np.count_nonzero(np.diff((closed > 0.5).astype(int)) == 1)
    assert 2 <= blinks <= 5
    assert closed.max() > 0.9
    assert np.mean(closed > 0.5) < 0.15


def test_the_smile_is_whole_when_it_is_wanted_and_gone_otherwise(poses: list[Pose]) -> None:
    smile = course(poses, "mouthSmileLeft")
    assert smile[int(4.2 * RATE_HZ) : int(5.3 * RATE_HZ)].min() > 0.9
    assert smile[int(6.5 * RATE_HZ) :].max() < 0.15


def test_the_mouth_is_shut_in_silence(poses: list[Pose]) -> None:
    jaw = course(poses, "jawOpen")
    assert jaw[: int(1.5 * RATE_HZ)].max() < 0.02
    assert jaw[int(2 * RATE_HZ) : int(3 * RATE_HZ)].max() > 0.2


def test_a_smile_gives_way_where_lips_must_close() -> None:
    smiling = perform(SENTENCES, [Smile(1.0, 4.0, 1.0)], 5.0, 100, seed=3)
    upper, press = course(smiling, "mouthUpperUpLeft"), course(smiling, "mouthPressLeft")
    closed = press[200:280].argmax() + 200
    assert upper[closed] < 0.15
    assert upper[150] > 0.5


def test_heads_turn_little_and_eyes_stay_on_the_camera(poses: list[Pose]) -> None:
    turns = np.array([pose.turn_deg for pose in poses])
    gazes = np.array([pose.gaze_deg for pose in poses])
    assert 3 < np.ptp(turns[:, 0]) < 25
    assert np.abs(turns).max() < 12
    assert np.abs(turns[:, :2] + gazes).max() < 10
