"""Texts compared as they are said: what was wanted and what was heard."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

SIGNS = {
    "%": " percent",
    "$": " dollar ",
    "£": " pound ",
    "€": " euro ",
    "&": " and ",
    "+": " plus ",
}

ABBREVIATIONS = {
    **{"dr": "doctor", "mr": "mister", "mrs": "missus", "st": "saint", "vs": "versus"},
    **{"etc": "et cetera", "approx": "approximately", "eg": "for example", "ie": "that is"},
}

CLOCK = re.compile(r"\b(\d{1,2})[:.]([0-5]\d)(?=\s*[ap]\.?m\b|\W|$)", re.IGNORECASE)
HALF_DAY = re.compile(r"(?<=\d)\s*([ap])\.?\s?m\b\.?", re.IGNORECASE)
LATIN = re.compile(r"\b([ie])\.\s?([eg])\b\.?", re.IGNORECASE)


class Edit(NamedTuple):
    """One step from what was wanted to what was heard."""

    kind: Literal["same", "changed", "missing", "added"]
    wanted: str
    heard: str


def spoken_words(text: str) -> list[str]:
    """Split an English text into lower-case words as they are said: numbers and usual abbreviations
    in words, no punctuation.

    "And" is left out, because it comes and goes in spoken numbers.
    """
    from num2words import num2words

    for sign, spoken in SIGNS.items():
        text = text.replace(sign, spoken)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = CLOCK.sub(r"\1 \2 ", text)
    text = HALF_DAY.sub(r" \1 m ", text)
    text = LATIN.sub(r"\1\2", text)
    text = re.sub(r"\d+(\.\d+)?", lambda found: f" {num2words(found.group())} ", text)
    text = text.lower().replace("’", "'").replace("-", " ").replace("—", " ")
    words = (word.strip("'") for word in re.sub(r"[^\w' ]", " ", text).split())
    said = (part for word in words for part in ABBREVIATIONS.get(word, word).split())
    return [word for word in said if word != "and"]


def word_errors(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """Return the least number of words to change, leave out or put in (Levenshtein 1966).

    One row of the table of costs is held, so that an hour of words can be compared.
    """
    known = {word: number for number, word in enumerate(dict.fromkeys([*wanted, *heard]))}
    columns, others = np.arange(len(heard) + 1), np.array([known[word] for word in heard], int)
    row = columns
    for number, word in enumerate(wanted, 1):
        reached = np.minimum(row[1:] + 1, row[:-1] + (others != known[word]))
        # Words put in cost one each, from the cheapest place before them.
        row = np.minimum.accumulate(np.append(number, reached) - columns) + columns
    return int(row[-1])


def edits(wanted: Sequence[str], heard: Sequence[str]) -> list[Edit]:
    """Return the fewest edits from one list of words to another, in order."""
    costs = [list(range(len(heard) + 1))]
    for number, word in enumerate(wanted, 1):
        above, row = costs[-1], [number]
        for column, other in enumerate(heard, 1):
            row.append(
                min(above[column] + 1, row[-1] + 1, above[column - 1] + (word != other)),
            )
        costs.append(row)
    found: list[Edit] = []
    i, j = len(wanted), len(heard)
    while i or j:
        here = costs[i][j]
        if i and j and here == costs[i - 1][j - 1] + (wanted[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            kind: Literal["same", "changed"] = "same" if wanted[i] == heard[j] else "changed"
            found.append(Edit(kind, wanted[i], heard[j]))
        elif i and here == costs[i - 1][j] + 1:
            i -= 1
            found.append(Edit("missing", wanted[i], ""))
        else:
            j -= 1
            found.append(Edit("added", "", heard[j]))
    return found[::-1]


def repeated(wanted: Sequence[str], heard: Sequence[str]) -> str | None:
    """Return two words in a row that were heard again where they were wanted once."""
    more = Counter(pairwise(heard)) - Counter(pairwise(wanted))
    if len(heard) > len(wanted):
        known = Counter(pairwise(heard))
        for pair in more:
            if known[pair] > 1 or pair[0] == pair[1]:
                return " ".join(pair)
    return None
