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

Target = Mapping[str, float]

# fmt: off
_BILABIAL: Final = {"jawOpen": 0.0, "mouthPress": 0.35, "mouthRoll": 0.10}
_LABIODENTAL: Final = {"jawOpen": 0.03, "mouthRollLower": 0.45, "mouthUpperUp": 0.30}
_DENTAL: Final = {"jawOpen": 0.13, "mouthLowerDown": 0.18, "mouthUpperUp": 0.20}
_ALVEOLAR: Final = {"jawOpen": 0.12, "mouthLowerDown": 0.15, "mouthUpperUp": 0.16}
_SIBILANT: Final = {
    "jawOpen": 0.04,
    "mouthStretch": 0.22,
    "mouthLowerDown": 0.25,
    "mouthUpperUp": 0.34,
}
_PALATAL: Final = {"jawOpen": 0.06, "mouthFunnel": 0.55, "mouthLowerDown": 0.09}
_VELAR: Final = {"jawOpen": 0.17, "mouthLowerDown": 0.11, "mouthUpperUp": 0.08}

TARGETS: Final[Mapping[str, Sequence[Target]]] = {
    **dict.fromkeys(("p", "b", "m"), (_BILABIAL,)),
    **dict.fromkeys(("f", "v"), (_LABIODENTAL,)),
    **dict.fromkeys(("θ", "ð"), (_DENTAL,)),
    **dict.fromkeys(("t", "d", "n", "l", "ɾ"), (_ALVEOLAR,)),
    **dict.fromkeys(("s", "z"), (_SIBILANT,)),
    **dict.fromkeys(("ʃ", "ʒ", "tʃ", "dʒ"), (_PALATAL,)),
    **dict.fromkeys(("k", "ɡ", "ŋ"), (_VELAR,)),
    "h": ({"jawOpen": 0.20, "mouthLowerDown": 0.07},),
    "ɹ": ({"jawOpen": 0.10, "mouthFunnel": 0.35, "mouthPucker": 0.25},),
    "w": ({"jawOpen": 0.04, "mouthPucker": 0.80},),
    "j": ({"jawOpen": 0.08, "mouthStretch": 0.20, "mouthSmile": 0.15, "mouthLowerDown": 0.12},),
    "i": ({"jawOpen": 0.10, "mouthStretch": 0.25, "mouthSmile": 0.25, **_teeth(0.19, 0.22)},),
    "ɪ": ({"jawOpen": 0.16, "mouthStretch": 0.15, "mouthSmile": 0.10, **_teeth(0.15, 0.16)},),
    "ɛ": ({"jawOpen": 0.26, "mouthStretch": 0.15, "mouthLowerDown": 0.13, "mouthUpperUp": 0.19},),
    "æ": ({"jawOpen": 0.38, "mouthStretch": 0.22, "mouthLowerDown": 0.15, "mouthUpperUp": 0.24},),
    "a": ({"jawOpen": 0.44, "mouthLowerDown": 0.09, "mouthUpperUp": 0.11},),
    "ɑ": ({"jawOpen": 0.44, "mouthLowerDown": 0.07, "mouthUpperUp": 0.08},),
    "ɒ": ({"jawOpen": 0.36, "mouthFunnel": 0.30},),
    "ɔ": ({"jawOpen": 0.34, "mouthFunnel": 0.45},),
    "ʊ": ({"jawOpen": 0.15, "mouthFunnel": 0.35, "mouthPucker": 0.30},),
    "u": ({"jawOpen": 0.09, "mouthPucker": 0.70, "mouthFunnel": 0.18},),
    "ʌ": ({"jawOpen": 0.31, "mouthLowerDown": 0.07, "mouthUpperUp": 0.08},),
    "ɐ": ({"jawOpen": 0.28, "mouthLowerDown": 0.07, "mouthUpperUp": 0.08},),
    "ə": ({"jawOpen": 0.17, "mouthLowerDown": 0.07, "mouthUpperUp": 0.07},),
    "ɜ": ({"jawOpen": 0.20, "mouthFunnel": 0.25, "mouthLowerDown": 0.06},),
}
# fmt: on
"""Weights by IPA symbol. Names without a side stand for both; see `_sides`."""

DIPHTHONGS: Final = {
    "eɪ": ("ɛ", "ɪ"), "aɪ": ("a", "ɪ"), "oʊ": ("ɔ", "u"),
    "əʊ": ("ə", "u"), "aʊ": ("a", "u"), "ɔɪ": ("ɔ", "ɪ"),
}  # fmt: skip

_PAIRED: Final = ("mouthPress", "mouthStretch", "mouthSmile", "mouthLowerDown", "mouthUpperUp")

CLAIM: Final = {
    **dict.fromkeys(("p", "b", "m"), 14.0),
    **dict.fromkeys(("f", "v"), 7.0),
    **dict.fromkeys(("w", "ʃ", "ʒ", "tʃ", "dʒ", "u"), 2.5),
    **dict.fromkeys(("h", "k", "ɡ", "ŋ", "ə"), 0.5),
}
"""How strongly a phoneme claims the lips; 1 where not named."""

REACH_S: Final = 0.055
"""Beyond a phoneme's own time its claim falls by 1/e in this time."""
REST_CLAIM: Final = 0.35
LEAD_S: Final = 0.03
"""Lips are in place a little before the sound."""

JAW_LIMIT: Final = 0.5


def action_names() -> tuple[str, ...]:
    """Return the names of all face actions that speech uses."""
    names = {side for t in _expanded().values() for part in t for side in part}
    return tuple(sorted(names))


def articulate(
    phonemes: Sequence[Phoneme], times_s: NDArray[np.float64], effort: float = 1.0
) -> dict[str, NDArray[np.float64]]:
    """Return the course of each face action of speech, (len(times_s),), in silence 0.

    Args:
        phonemes: in order of time.
        times_s: moments that are asked for.
        effort: factor on everything but closures; 1 is clear speech.

    Raises:
        SpeechError: a symbol that has no viseme.
    """
    targets = _expanded()
    names = action_names()
    total = np.full(len(times_s), REST_CLAIM)
    sums = np.zeros((len(names), len(times_s)))
    for phoneme in _split(phonemes):
        if phoneme.symbol not in targets:
            raise SpeechError(f"No viseme for the phoneme {phoneme.symbol!r}: add it to TARGETS.")
        claim = CLAIM.get(phoneme.symbol, 1.0) * _dominance(phoneme, times_s)
        total += claim
        for name, weight in targets[phoneme.symbol][0].items():
            sums[names.index(name)] += claim * weight * effort
    courses = sums / total
    return {name: np.clip(courses[k], 0.0, 1.0) for k, name in enumerate(names)}


def _dominance(phoneme: Phoneme, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = (phoneme.start_s + phoneme.end_s) / 2 - LEAD_S
    half = max(0.015, (phoneme.end_s - phoneme.start_s) / 2)
    beyond = np.maximum(0.0, np.abs(times_s - middle) - half * 0.6)
    closed = phoneme.symbol in ("p", "b", "m", "f", "v")
    reach_s = REACH_S * (0.45 if closed else 1.0)
    return np.asarray(np.exp(-beyond / reach_s))


def _split(phonemes: Sequence[Phoneme]) -> list[Phoneme]:
    """Cut diphthongs in two sounds, the first of them the longer."""
    parts: list[Phoneme] = []
    for phoneme in phonemes:
        first, *rest = DIPHTHONGS.get(phoneme.symbol, (phoneme.symbol,))
        turn_s = phoneme.start_s + 0.55 * (phoneme.end_s - phoneme.start_s)
        parts.append(Phoneme(first, phoneme.start_s, turn_s if rest else phoneme.end_s))
        parts.extend(Phoneme(symbol, turn_s, phoneme.end_s) for symbol in rest)
    return parts


def _expanded() -> dict[str, list[dict[str, float]]]:
    return {symbol: [_sides(t) for t in parts] for symbol, parts in TARGETS.items()}


def _sides(target: Target) -> dict[str, float]:
    """Write `mouthSmile` as its left and right action, `mouthRoll` as upper and lower."""
    sided: dict[str, float] = {}
    for name, weight in target.items():
        if name in _PAIRED:
            sided[f"{name}Left"] = sided[f"{name}Right"] = weight
        elif name == "mouthRoll":
            sided["mouthRollUpper"] = sided["mouthRollLower"] = weight
        else:
            sided[name] = weight
    return sided
