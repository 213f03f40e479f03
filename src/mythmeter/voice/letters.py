"""English spelling read aloud by rule, for names that no lexicon has.

A short table, longest spelling first, in misaki's symbols. It gets names roughly right ("Kowalski",
"Tirmizi"), which is better than leaving them out; write them as they sound where that matters.
"""

import re

SOUNDS = {
    **{"tion": "ʃən", "sion": "ʒən", "tch": "ʧ", "sch": "ʃ", "igh": "I", "eau": "O"},
    **{"ch": "ʧ", "sh": "ʃ", "ph": "f", "th": "θ", "wh": "w", "ck": "k", "qu": "kw", "gh": "ɡ"},
    **{"cz": "ʧ", "sz": "ʃ", "ng": "ŋ", "ee": "i", "ea": "i", "oo": "u", "ou": "u", "ow": "W"},
    **{"oi": "Y", "oy": "Y", "ai": "A", "ay": "A", "au": "ɔ", "aw": "ɔ", "ie": "i", "ei": "A"},
    **{"eu": "ju", "ew": "ju", "ar": "ɑɹ", "er": "əɹ", "ir": "ɜɹ", "or": "ɔɹ", "ur": "ɜɹ"},
    **{"a": "æ", "e": "ɛ", "i": "ɪ", "o": "ɑ", "u": "ʌ", "y": "ɪ"},
    **{"b": "b", "c": "k", "d": "d", "f": "f", "g": "ɡ", "h": "h", "j": "ʤ", "k": "k", "l": "l"},
    **{"m": "m", "n": "n", "p": "p", "q": "k", "r": "ɹ", "s": "s", "t": "t", "v": "v", "w": "w"},
    **{"x": "ks", "z": "z"},
}
AT_START = {"kn": "n", "wr": "ɹ", "ps": "s", "x": "z", "y": "j"}
AT_END = {"a": "ə", "e": "", "i": "i", "o": "O", "u": "u", "y": "i", "ow": "O", "es": "ɪz"}
LONG = {"a": "A", "e": "i", "i": "I", "o": "O", "u": "u", "y": "I"}
"""Before one consonant and a final e."""

VOWEL_SOUNDS = "AIOWYɑɔɜəæɛɪiuʌ"
SILENT_E = re.compile(r"(?<=[aeiouy])[bcdfgklmnprstvz]e$")


def read_letters(word: str) -> str | None:
    """Return misaki symbols for a word of the letters a–z; None where it has no vowel."""
    plain = re.sub(r"([bcdfgklmnprstvz])\1", r"\1", word.lower())
    lengthened = SILENT_E.search(plain)
    sounds: list[str] = []
    position = 0
    while position < len(plain):
        spelling = _spelling(plain, position)
        end = position + len(spelling)
        if position == 0 and spelling in AT_START:
            sounds.append(AT_START[spelling])
        elif lengthened and end == lengthened.start() and spelling in LONG:
            sounds.append(LONG[spelling])
        elif end == len(plain) and position > 0 and spelling in AT_END:
            sounds.append(AT_END[spelling])
        elif spelling == "c" and plain[end : end + 1] in ("e", "i", "y"):
            sounds.append("s")
        else:
            sounds.append(SOUNDS[spelling])
        position = end
    return _stressed("".join(sounds))


def _spelling(word: str, position: int) -> str:
    """Return the longest spelling that the word has at a position."""
    for size in (4, 3, 2, 1):
        piece = word[position : position + size]
        known = piece in SOUNDS or (position == 0 and piece in AT_START)
        if known or (position + size == len(word) and piece in AT_END):
            return piece
    raise ValueError(f"{word!r} has letters other than a–z")


def _stressed(sounds: str) -> str | None:
    """Stress the last vowel but one, or the only one."""
    vowels = [i for i, sound in enumerate(sounds) if sound in VOWEL_SOUNDS]
    if not vowels:
        return None
    at = vowels[-2] if len(vowels) > 1 else vowels[0]
    return sounds[:at] + "ˈ" + sounds[at:]
