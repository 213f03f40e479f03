"""Pronunciations of words that the lexicon does not have."""

import re
import unicodedata
from typing import Any

from mythmeter.voice.letters import read_letters

LETTER_RUNS = re.compile(r"[^\W\d_]+|\d+")

POSSESSIVE = re.compile(r"['’]s$", re.IGNORECASE)
DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_])")
"""A full stop inside an address, which is said."""

SHORTEST_PART = 3
"""Letters of each half of a compound: below this, halves match by chance."""


class Guesser:
    """misaki's `fallback`: called with a token that its lexicon lacks.

    A token is taken apart into runs of letters and of digits. Each is looked up without accents,
    then as a compound of two known words, then read by rule; without a vowel it is spelled out.
    """

    def __init__(self, lexicon: Any) -> None:
        self._lexicon = lexicon

    def __call__(self, token: Any) -> tuple[str | None, int | None]:
        """Return (symbols, rating), or (None, None) where nothing in the token can be said."""
        plain = unicodedata.normalize("NFKD", token.text)
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        stem, possessive = POSSESSIVE.subn("", DOT.sub(" dot ", plain))
        runs = [run for run in LETTER_RUNS.findall(stem) if run.isascii()]
        said = [symbols for run in runs if (symbols := self._run(run))]
        if not said:
            return None, None
        return " ".join(said) + (_genitive(said[-1]) if possessive else ""), 1

    def _run(self, run: str) -> str | None:
        word = run.lower()
        known = self._look_up(run) or self._look_up(word) or self._compound(word)
        return known or read_letters(word) or self._spelled(word)

    def _spelled(self, word: str) -> str | None:
        names = [self._look_up(letter.upper()) for letter in word]
        return " ".join(name for name in names if name) or None

    def _look_up(self, word: str) -> str | None:
        from misaki import en

        token = en.MToken(
            text=word,
            tag="NN",
            whitespace="",
            _=en.MToken.Underscore(is_head=True, num_flags="", prespace=False),
        )
        symbols: str | None = self._lexicon(token, en.TokenContext())[0]
        return symbols

    def _compound(self, word: str) -> str | None:
        """Say a word as two known ones, the longer second half first (myth + meter)."""
        for cut in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
            first, second = self._look_up(word[:cut]), self._look_up(word[cut:])
            if first and second:
                return first + second.replace("ˈ", "ˌ")
        return None


def _genitive(symbols: str) -> str:
    """Return the sound of 's after a word."""
    if symbols[-1] in "szʃʒʧʤ":
        return "ᵻz"
    return "s" if symbols[-1] in "ptkfθ" else "z"
