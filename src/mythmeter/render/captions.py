"""Captions from the times of the words: short cues, as WebVTT and for the text track."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError
from mythmeter.media.mux import Caption

LONGEST_CUE_CHARACTERS = 42
"""One line as broadcasters set it. Source: BBC Subtitle Guidelines, line length."""

LONGEST_CUE_S = 5.0
HOLD_S = 0.5
"""A cue stays this long after its last word, if the next one leaves room."""

LANGUAGES = {
    **{"ar": "ara", "cs": "ces", "de": "deu", "en": "eng", "es": "spa", "fr": "fra", "hi": "hin"},
    **{"hu": "hun", "it": "ita", "ja": "jpn", "ko": "kor", "nl": "nld", "pl": "pol", "pt": "por"},
    **{"ru": "rus", "tr": "tur", "zh": "zho"},
}
"""ISO 639-1 to ISO 639-2/T codes, which MP4 wants."""


@dataclass(frozen=True)
class Word:
    """A spoken word and when it is heard."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Cue:
    """Words that are shown together."""

    start_s: float
    end_s: float
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words in one line."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True)
class Transcript:
    """What `words.json` says."""

    language: str
    duration_s: float
    sentences: tuple[tuple[Word, ...], ...]


def read_transcript(path: Path) -> Transcript:
    """Read `words.json`."""
    # Without the phonemes, nine tenths of the file, which would all be in memory at once.
    content = json.loads(path.read_text(encoding="utf-8"), object_hook=_without_phonemes)
    sentences = tuple(
        tuple(Word(w["text"], w["start_s"], w["end_s"]) for w in sentence["words"])
        for sentence in content["sentences"]
    )
    return Transcript(content["language"], content["duration_s"], sentences)


def _without_phonemes(item: dict[str, Any]) -> dict[str, Any]:
    item.pop("phonemes", None)
    return item


def language_code(language: str) -> str:
    """Return the ISO 639-2 code of a tag such as `en` or `en-gb`.

    Raises:
        MediaError: a language that the table does not know.
    """
    code = LANGUAGES.get(language.lower().split("-")[0])
    if code is None:
        known = ", ".join(sorted(LANGUAGES))
        raise MediaError(f"Language {language!r} has no code for captions here. Known: {known}.")
    return code


def cues(transcript: Transcript) -> list[Cue]:
    """Group words into cues of at most 42 characters and 5 s; none spans two sentences."""
    groups = [group for sentence in transcript.sentences for group in _grouped(sentence)]
    starts = [group[0].start_s for group in groups[1:]] + [transcript.duration_s]
    return [
        Cue(group[0].start_s, max(group[-1].end_s, min(group[-1].end_s + HOLD_S, following)), group)
        for group, following in zip(groups, starts, strict=True)
    ]


def captions(cue_list: Iterable[Cue]) -> list[Caption]:
    """Turn cues into samples of the text track."""
    return [Caption(cue.start_s, cue.end_s, cue.text) for cue in cue_list]


def write_webvtt(path: Path, cue_list: Sequence[Cue], language: str) -> None:
    """Write cues as WebVTT, with a time stamp before each word after the first.

    Source: W3C WebVTT, sections 4.1 and 4.2.2.
    """
    blocks = [f"WEBVTT\nKind: captions\nLanguage: {language}"]
    for number, cue in enumerate(cue_list, start=1):
        blocks.append(f"{number}\n{_clock(cue.start_s)} --> {_clock(cue.end_s)}\n{_timed(cue)}")
    with replacing(path) as partial:
        partial.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _grouped(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    groups: list[tuple[Word, ...]] = []
    for word in words:
        longer = (*groups[-1], word) if groups else (word,)
        characters = len(" ".join(w.text for w in longer))
        fits = characters <= LONGEST_CUE_CHARACTERS
        if groups and fits and word.end_s - longer[0].start_s <= LONGEST_CUE_S:
            groups[-1] = longer
        else:
            groups.append((word,))
    return groups


def _timed(cue: Cue) -> str:
    """Return the text of a cue; a stamp must lie after the one before it and inside the cue."""
    parts = [_escaped(cue.words[0].text)]
    latest_ms = round(cue.start_s * 1000)
    for word in cue.words[1:]:
        start_ms = round(word.start_s * 1000)
        inside = latest_ms < start_ms < round(cue.end_s * 1000)
        parts.append(
            f"<{_clock(word.start_s)}>{_escaped(word.text)}" if inside else _escaped(word.text)
        )
        latest_ms = max(latest_ms, start_ms) if inside else latest_ms
    return " ".join(parts)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float) -> str:
    total_ms = round(seconds * 1000)
    minutes, ms = divmod(total_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{ms // 1000:02d}.{ms % 1000:03d}"
