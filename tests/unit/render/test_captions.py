"""Cues from the times of words."""

import re
from pathlib import Path

import pytest

from mythmeter.errors import MediaError
from mythmeter.render.captions import (
    LONGEST_CUE_CHARACTERS,
    Transcript,
    Word,
    captions,
    cues,
    language_code,
    write_webvtt,
)

TIMING = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d{3}) --> (\d\d):(\d\d):(\d\d)\.(\d{3})")


def spoken(text: str, word_s: float = 0.3, start_s: float = 0.0) -> tuple[Word, ...]:
    return tuple(
        Word(word, start_s + i * word_s, start_s + (i + 1) * word_s)
        for i, word in enumerate(text.split())
    )


def test_no_cue_is_longer_than_a_line_or_spans_two_sentences() -> None:
    sentences = (spoken("word " * 30), spoken("The end.", start_s=9.0))
    found = cues(Transcript("en", 10.0, sentences))
    assert all(len(cue.text) <= LONGEST_CUE_CHARACTERS for cue in found)
    assert found[-1].text == "The end."
    assert " ".join(cue.text for cue in found) == " ".join(w.text for s in sentences for w in s)


def test_cues_never_overlap_and_end_with_the_speech() -> None:
    sentences = (spoken("One two three."), spoken("Four five.", start_s=1.0))
    found = cues(Transcript("en", 1.7, sentences))
    assert [(cue.start_s, round(cue.end_s, 6)) for cue in found] == [(0.0, 1.0), (1.0, 1.7)]


def test_slow_speech_is_cut_by_time() -> None:
    found = cues(Transcript("en", 24.0, (spoken("a b c d", word_s=3.0),)))
    assert [cue.text for cue in found] == ["a", "b", "c", "d"]


def test_a_word_longer_than_a_line_stands_alone() -> None:
    found = cues(Transcript("en", 1.0, (spoken(f"so {'x' * 60} it"),)))
    assert [cue.text for cue in found] == ["so", "x" * 60, "it"]


def test_webvtt_is_well_formed_escaped_and_names_its_language(tmp_path: Path) -> None:
    path = tmp_path / "captions.vtt"
    found = cues(Transcript("en", 3700.5, (spoken("R&D <b> goes --> on.", start_s=3699.0),)))
    write_webvtt(path, found, "en")
    header, *blocks = path.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    assert header.splitlines() == ["WEBVTT", "Kind: captions", "Language: en"]
    for number, block in enumerate(blocks, start=1):
        identifier, timing, *text = block.splitlines()
        assert identifier == str(number) and TIMING.fullmatch(timing) and len(text) == 1
        assert "-->" not in text[0]
    assert "01:01:39.000 --> " in blocks[0]
    assert "R&amp;D <01:01:39.300>&lt;b&gt; <01:01:39.600>goes" in blocks[0]


def test_time_stamps_inside_a_cue_always_rise(tmp_path: Path) -> None:
    path = tmp_path / "captions.vtt"
    silent = (Word("Well", 0.0, 0.4), Word("—", 0.4, 0.4), Word("yes.", 0.4, 0.9))
    write_webvtt(path, cues(Transcript("en", 0.9, (silent,))), "en")
    assert "Well <00:00:00.400>— yes." in path.read_text(encoding="utf-8")


def test_the_text_track_gets_the_words_as_they_are() -> None:
    found = captions(cues(Transcript("en", 2.0, (spoken("a < b"),))))
    assert [caption.text for caption in found] == ["a < b"]


def test_languages_become_three_letter_codes() -> None:
    assert [language_code(tag) for tag in ("en", "en-GB", "de")] == ["eng", "eng", "deu"]
    with pytest.raises(MediaError, match="'tlh' has no code"):
        language_code("tlh")
