"""Sentences made into pieces that a synthesiser speaks well: none too long, none too short."""

import re
from collections.abc import Callable, Iterable

from mythmeter.errors import SpeechError
from mythmeter.voice.sentences import UNSPACED, split_sentences

SHORTEST = 20
SHORTEST_UNSPACED = 6
"""Characters: shorter pieces are spoken with a neighbour, because XTTS adds sounds to them."""

PAUSES = re.compile(r"(?<=[,;:—–…，、；：])\s*|(?<=\))\s+")
SPACES = re.compile(r"\s+")

Fits = Callable[[str], bool]


def split_pieces(script: str, language: str, fits: Fits) -> list[str]:
    """Cut a script into sentences, long ones at a pause, and join the shortest to a neighbour.

    Args:
        script: the text.
        language: of the text.
        fits: whether a piece is short enough to be spoken at once.

    Raises:
        SpeechError: an empty script, or a word that does not fit.
    """
    unspaced = language.partition("-")[0].lower() in UNSPACED
    sentences = split_sentences(script, language)
    pieces = [piece for sentence in sentences for piece in _cut(sentence, fits, unspaced)]
    return _joined(pieces, fits, SHORTEST_UNSPACED if unspaced else SHORTEST)


def _cut(text: str, fits: Fits, unspaced: bool) -> list[str]:
    """Cut near the middle, at a pause if there is one in the middle half, until all fits."""
    if fits(text):
        return [text]
    places = _near_middle(text, (match.end() for match in PAUSES.finditer(text)))
    if not places or abs(places[0] - len(text) / 2) > len(text) / 4:
        spaces = _near_middle(text, (match.end() for match in SPACES.finditer(text)))
        places = spaces or places or ([len(text) // 2] if unspaced else [])
    if not places:
        raise SpeechError(f"{text[:60]!r} is too long a word to be spoken.")
    head, tail = text[: places[0]].strip(), text[places[0] :].strip()
    return [*_cut(head, fits, unspaced), *_cut(tail, fits, unspaced)]


def _near_middle(text: str, places: Iterable[int]) -> list[int]:
    inside = (place for place in places if text[:place].strip() and text[place:].strip())
    return sorted(inside, key=lambda place: abs(place - len(text) / 2))


def _joined(pieces: list[str], fits: Fits, shortest: int) -> list[str]:
    """Join a piece that is too short to the one after it; the last to the one before."""
    joined: list[str] = []
    for piece in pieces:
        together = f"{joined[-1]} {piece}" if joined else piece
        if joined and min(len(joined[-1]), len(piece)) < shortest and fits(together):
            joined[-1] = together
        else:
            joined.append(piece)
    return joined
