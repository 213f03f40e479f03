"""What the person does while she speaks: lips, blinks, gaze, head, brows, smiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.persona.figure import Pose
from mythmeter.persona.visemes import action_names as speech_actions
from mythmeter.persona.visemes import articulate
from mythmeter.voice.speech import Sentence

Course = NDArray[np.float64]

SMILE: Final[Mapping[str, float]] = {
    "mouthSmileLeft": 0.95, "mouthSmileRight": 0.91, "mouthUpperUpLeft": 0.85,
    "mouthUpperUpRight": 0.85, "mouthLowerDownLeft": 0.21, "mouthLowerDownRight": 0.21,
    "mouthStretchLeft": 0.20, "mouthStretchRight": 0.20, "jawOpen": 0.09,
    "mouthDimpleLeft": 0.10, "mouthDimpleRight": 0.10, "cheekSquintLeft": 0.55,
    "cheekSquintRight": 0.55, "eyeSquintLeft": 0.25, "eyeSquintRight": 0.25,
}  # fmt: skip
RELAXED: Final[Mapping[str, float]] = {
    "mouthSmileLeft": 0.10, "mouthSmileRight": 0.09, "mouthPressLeft": 0.15,
    "mouthPressRight": 0.15, "mouthRollLower": 0.05, "browInnerUp": 0.10,
    "browOuterUpLeft": 0.14, "browOuterUpRight": 0.14,
}  # fmt: skip
BLINK_S: Final = (0.08, 0.04, 0.15)
"""Closing, closed, opening."""
EYES_HOLD: Final = 0.85
"""Share of a head's turn that the eyes undo to stay on the camera."""


@dataclass(frozen=True)
class Smile:
    """A smile: how wide, and when it is whole."""

    start_s: float
    end_s: float
    strength: float


def action_names() -> tuple[str, ...]:
    """Return the names of all face actions that a performance uses."""
    others = (
        *("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "browDownLeft", "browDownRight"),
        *("eyeBlinkLeft", "eyeBlinkRight"),
    )
    return tuple(sorted({*speech_actions(), *SMILE, *RELAXED, *others}))


def perform(
    sentences: Sequence[Sentence],
    smiles: Sequence[Smile],
    duration_s: float,
    rate_hz: float,
    seed: int,
) -> list[Pose]:
    """Return one pose a frame.

    Args:
        sentences: what is said, with the times of its phonemes.
        smiles: see `Smile`.
        duration_s, rate_hz: length of the clip and frames a second.
        seed: of everything that is left to chance; the same seed gives the same performance.
    """
    rng = np.random.default_rng(seed)
    times_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    smile = np.zeros(len(times_s))
    for wanted in smiles:
        whole = _plateau(times_s, wanted.start_s, wanted.end_s, 0.35)
        smile = np.maximum(smile, wanted.strength * whole)
    courses = _lips(sentences, smile, times_s)
    _brows(courses, sentences, smile, times_s, rng)
    _lids(courses, smile, _blinks(times_s, sentences, rng))
    turns = _head(times_s, rng)
    gazes = _gaze(times_s, rng) - EYES_HOLD * turns[:, :2]
    return [
        Pose(
            {name: float(min(1.0, course[k])) for name, course in courses.items()},
            (float(turns[k, 0]), float(turns[k, 1]), float(turns[k, 2])),
            (float(gazes[k, 0]), float(gazes[k, 1])),
        )
        for k in range(len(times_s))
    ]


def _lips(sentences: Sequence[Sentence], smile: Course, times_s: Course) -> dict[str, Course]:
    """Mix speech, smile and the relaxed face; a smile gives way where lips must close."""
    phonemes = [p for s in sentences for word in s.words for p in word.phonemes]
    speech = articulate(phonemes, times_s)
    talking = np.clip(sum(speech.values()) / 0.4, 0, 1)
    closing = np.clip((speech["mouthPressLeft"] + speech["mouthRollLower"]) * 4, 0, 1)
    courses = {name: np.zeros(len(times_s)) for name in action_names()}
    for name, course in speech.items():
        courses[name] += course * (1 - 0.35 * smile) if name == "jawOpen" else course
    for name, weight in SMILE.items():
        opens = name.startswith(("mouthUpper", "mouthLower", "jaw"))
        courses[name] += weight * smile * (1 - (1.0 if opens else 0.35) * closing)
    for name, weight in RELAXED.items():
        courses[name] += weight * (1 - smile) * (1 - 0.5 * talking)
    return courses


def _lids(courses: dict[str, Course], smile: Course, blink: Course) -> None:
    for side in ("Left", "Right"):
        courses[f"eyeBlink{side}"] = np.maximum(blink, 0.10 * smile)
        courses[f"eyeSquint{side}"] *= 1 - blink
        courses[f"cheekSquint{side}"] *= 1 - 0.7 * blink


def _plateau(times_s: Course, start_s: float, end_s: float, ramp_s: float) -> Course:
    rise = np.clip((times_s - start_s + ramp_s) / ramp_s, 0, 1)
    fall = np.clip((end_s + ramp_s - times_s) / ramp_s, 0, 1)
    t = np.minimum(rise, fall)
    return np.asarray(t * t * (3 - 2 * t))


def _blinks(times_s: Course, sentences: Sequence[Sentence], rng: np.random.Generator) -> Course:
    """Blink every two to four seconds, and at the end of most sentences."""
    close_s, hold_s, open_s = BLINK_S
    moments = [s.end_s + 0.08 for s in sentences if rng.random() < 0.7]
    moment = rng.uniform(0.6, 1.2)
    while moment < times_s[-1]:
        if all(abs(moment - m) > 0.9 for m in moments):
            moments.append(moment)
        moment += rng.uniform(1.9, 3.6)
    course = np.zeros(len(times_s))
    for moment in moments:
        since = times_s - moment
        down = np.clip(1 + since / close_s, 0, 1)
        up = np.clip(1 - (since - hold_s) / open_s, 0, 1)
        course = np.maximum(course, np.minimum(down, up))
    return course


def _brows(
    courses: dict[str, Course],
    sentences: Sequence[Sentence],
    smile: Course,
    times_s: Course,
    rng: np.random.Generator,
) -> None:
    """Raise the brows a little on one word of each sentence; let them follow smiles."""
    raised = 0.12 * smile
    for sentence in sentences:
        word = sentence.words[int(rng.integers(len(sentence.words)))]
        raised = raised + rng.uniform(0.2, 0.5) * _plateau(times_s, word.start_s, word.end_s, 0.22)
    for name, share in (("browInnerUp", 0.6), ("browOuterUpLeft", 0.7), ("browOuterUpRight", 0.6)):
        courses[name] += share * raised


def _wander(times_s: Course, rng: np.random.Generator, periods_s: Sequence[float]) -> Course:
    waves = [np.sin(2 * np.pi * (times_s / p + rng.random())) for p in periods_s]
    return np.asarray(np.mean(waves, axis=0))


def _head(times_s: Course, rng: np.random.Generator) -> NDArray[np.float64]:
    yaw = 9.0 * _wander(times_s, rng, (7.3, 3.9, 2.3))
    pitch = 5.0 * _wander(times_s, rng, (5.9, 3.1, 1.7))
    roll = 4.0 * _wander(times_s, rng, (8.1, 4.7))
    return np.stack([yaw, pitch, roll], axis=1)


def _gaze(times_s: Course, rng: np.random.Generator) -> NDArray[np.float64]:
    """Look near the camera, in small jumps (saccades) a second or so apart."""
    gaze = np.zeros((len(times_s), 2))
    moment, aim = 0.0, np.zeros(2)
    while moment < times_s[-1]:
        gaze[times_s >= moment] = aim
        moment += rng.uniform(0.7, 1.9)
        aim = rng.normal(0, 1, 2) * [2.2, 1.2]
    return gaze
