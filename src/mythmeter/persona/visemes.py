"""Phoneme times to face actions.

Each phoneme has a target: weights of a few of the 52 ARKit-like actions. Neighbours blend by
dominance functions (Cohen and Massaro 1993, "Modeling coarticulation in synthetic visual
speech"): at each moment an action is the mean of the targets near by, weighted by how strongly
each phoneme claims the lips. Closures of the lips (p, b, m) and of lip and teeth (f, v) claim most.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import SpeechError
from mythmeter.voice.speech import Phoneme

Course = NDArray[np.float64]

_COLUMNS: Final = (
    *("jawOpen", "mouthFunnel", "mouthPucker", "mouthStretch", "mouthSmile"),
    *("mouthLowerDown", "mouthUpperUp", "mouthPress", "mouthRollUpper", "mouthRollLower"),
)
_BOTH_SIDES: Final = (
    "mouthStretch",
    "mouthSmile",
    "mouthLowerDown",
    "mouthUpperUp",
    "mouthPress",
)

# In hundredths:  jaw fun puc str smi low upp pre ro↑ ro↓
_TABLE: Final = {
    "p b m":       (0,  0,  0,  0,  0,  0,  0, 35, 10, 10),
    "f v":         (3,  0,  0,  0,  0,  0, 30,  0,  0, 45),
    "θ ð":        (13,  0,  0,  0,  0, 18, 20,  0,  0,  0),
    "t d n l ɾ":  (12,  0,  0,  0,  0, 15, 16,  0,  0,  0),
    "s z":         (4,  0,  0, 22,  0, 25, 34,  0,  0,  0),
    "ʃ ʒ tʃ dʒ":   (6, 55,  0,  0,  0,  9,  0,  0,  0,  0),
    "k ɡ ŋ":      (17,  0,  0,  0,  0, 11,  8,  0,  0,  0),
    "h":          (20,  0,  0,  0,  0,  7,  0,  0,  0,  0),
    "ɹ":          (10, 35, 25,  0,  0,  0,  0,  0,  0,  0),
    "w":           (4,  0, 80,  0,  0,  0,  0,  0,  0,  0),
    "j":           (8,  0,  0, 20, 15, 12,  0,  0,  0,  0),
    "i":          (10,  0,  0, 25, 25, 19, 22,  0,  0,  0),
    "ɪ":          (16,  0,  0, 15, 10, 15, 16,  0,  0,  0),
    "ɛ":          (26,  0,  0, 15,  0, 13, 19,  0,  0,  0),
    "æ":          (38,  0,  0, 22,  0, 15, 24,  0,  0,  0),
    "a ɑ":        (44,  0,  0,  0,  0,  8, 10,  0,  0,  0),
    "ɒ":          (36, 30,  0,  0,  0,  0,  0,  0,  0,  0),
    "ɔ":          (34, 45,  0,  0,  0,  0,  0,  0,  0,  0),
    "ʊ":          (15, 35, 30,  0,  0,  0,  0,  0,  0,  0),
    "u":           (9, 18, 70,  0,  0,  0,  0,  0,  0,  0),
    "ʌ ɐ":        (30,  0,  0,  0,  0,  7,  8,  0,  0,  0),
    "ə":          (17,  0,  0,  0,  0,  7,  7,  0,  0,  0),
    "ɜ":          (20, 25,  0,  0,  0,  6,  0,  0,  0,  0),
}  # fmt: skip

DIPHTHONGS: Final = {
    "eɪ": ("ɛ", "ɪ"),
    "aɪ": ("a", "ɪ"),
    "oʊ": ("ɔ", "u"),
    "əʊ": ("ə", "u"),
    "aʊ": ("a", "u"),
    "ɔɪ": ("ɔ", "ɪ"),
}

CLOSURES: Final = ("p", "b", "m", "f", "v")
CLAIM: Final = {
    **dict.fromkeys(("p", "b", "m"), 14.0),
    **dict.fromkeys(("f", "v"), 7.0),
    **dict.fromkeys(("w", "ʃ", "ʒ", "tʃ", "dʒ", "u"), 2.5),
    **dict.fromkeys(("h", "k", "ɡ", "ŋ", "ə"), 0.5),
}
"""How strongly a phoneme claims the lips; 1 where not named."""

REACH_S: Final = 0.055
"""Beyond a phoneme's own time its claim falls by 1/e in this time."""
CLOSURE_REACH_S: Final = 0.025
REST_CLAIM: Final = 0.35
"""Claim of the mouth at rest, always there: it closes the mouth in silence."""
LEAD_S: Final = 0.03
"""Lips are in place a little before the sound."""


def _with_sides(weights: Mapping[str, float]) -> dict[str, float]:
    """Write `mouthSmile` as its left and right action."""
    sided: dict[str, float] = {}
    for name, weight in weights.items():
        names = [f"{name}Left", f"{name}Right"] if name in _BOTH_SIDES else [name]
        sided |= dict.fromkeys(names, weight)
    return sided


TARGETS: Final[Mapping[str, Mapping[str, float]]] = {
    symbol: _with_sides(
        {name: value / 100 for name, value in zip(_COLUMNS, row, strict=True) if value}
    )
    for symbols, row in _TABLE.items()
    for symbol in symbols.split()
}
"""Weights of face actions by IPA symbol; what is not named is 0."""


def action_names() -> tuple[str, ...]:
    """Return the names of all face actions that speech uses."""
    return tuple(sorted(_with_sides(dict.fromkeys(_COLUMNS, 0.0))))


def articulate(phonemes: Sequence[Phoneme], times_s: Course) -> dict[str, Course]:
    """Return the course of each face action of speech, (len(times_s),); 0 in silence.

    Args:
        phonemes: in order of time.
        times_s: moments that are asked for.

    Raises:
        SpeechError: a symbol that has no viseme.
    """
    total = np.full(len(times_s), REST_CLAIM)
    sums = {name: np.zeros(len(times_s)) for name in action_names()}
    for phoneme in _split(phonemes):
        target = TARGETS.get(phoneme.symbol)
        if target is None:
            raise SpeechError(
                f"The phoneme {phoneme.symbol!r} has no viseme in persona/visemes.py."
            )
        claim = CLAIM.get(phoneme.symbol, 1.0) * _dominance(phoneme, times_s)
        total += claim
        for name, weight in target.items():
            sums[name] += claim * weight
    return {name: np.clip(course / total, 0.0, 1.0) for name, course in sums.items()}


def _dominance(phoneme: Phoneme, times_s: Course) -> Course:
    middle_s = (phoneme.start_s + phoneme.end_s) / 2 - LEAD_S
    half_s = max(0.015, (phoneme.end_s - phoneme.start_s) / 2)
    beyond_s = np.maximum(0.0, np.abs(times_s - middle_s) - 0.6 * half_s)
    reach_s = CLOSURE_REACH_S if phoneme.symbol in CLOSURES else REACH_S
    return np.asarray(np.exp(-beyond_s / reach_s))


def _split(phonemes: Sequence[Phoneme]) -> list[Phoneme]:
    """Cut diphthongs in two sounds, the first of them the longer."""
    parts: list[Phoneme] = []
    for phoneme in phonemes:
        first, *rest = DIPHTHONGS.get(phoneme.symbol, (phoneme.symbol,))
        turn_s = phoneme.start_s + 0.55 * (phoneme.end_s - phoneme.start_s)
        parts.append(Phoneme(first, phoneme.start_s, turn_s if rest else phoneme.end_s))
        parts.extend(Phoneme(symbol, turn_s, phoneme.end_s) for symbol in rest)
    return parts
