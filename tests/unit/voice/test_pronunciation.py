"""Words that no lexicon has are guessed; every written word gets exactly one pronunciation."""

import pytest

from mythmeter.voice.letters import read_letters
from mythmeter.voice.phonemes import EnglishPronouncer
from mythmeter.voice.voices.kokoro import Kokoro


@pytest.fixture(scope="session")
def pronouncer(kokoro: Kokoro) -> EnglishPronouncer:
    kokoro.pronounce("Hello.")
    return kokoro._pronouncers[False]


def said(pronouncer: EnglishPronouncer, sentence: str) -> dict[str, str]:
    return {word.text: word.symbols for word in pronouncer.pronounce(sentence)}


def test_compounds_accents_and_numbers_are_found(pronouncer: EnglishPronouncer) -> None:
    words = said(pronouncer, "The café's deepfake of 1997 cost £3.50 at 10:30 — roughly.")
    assert words["deepfake"].startswith("dˈip")
    assert words["café's"].startswith("kæfˈA")
    assert words["1997"] == "nˌIntˈin nˈIndi sˈɛvən"
    assert words["10:30"] == "tˈɛn θˈɜɹTi"
    assert words["—"] == "—"


def test_homographs_follow_their_sentence(pronouncer: EnglishPronouncer) -> None:
    assert said(pronouncer, "I will read it.")["read"] == "ɹˈid"
    assert said(pronouncer, "He read it yesterday.")["read"] == "ɹˈɛd"


def test_unknown_names_are_read_by_rule_or_spelled(pronouncer: EnglishPronouncer) -> None:
    words = said(pronouncer, "Wójcik met qzxv on foo.com")
    assert words["Wójcik"] == read_letters("wojcik")
    assert words["qzxv"].count(" ") == 3
    assert "dˈɑt" in words["foo.com"]


def test_an_emoji_makes_no_sound(pronouncer: EnglishPronouncer) -> None:
    (hello, smile) = pronouncer.pronounce("Hello 🙂")
    assert hello.sounds and not smile.sounds


@pytest.mark.parametrize(
    ("word", "symbols"),
    [("snape", "snˈAp"), ("tirmizi", "tɜɹmˈɪzi"), ("kowalski", "kWˈælski"), ("qzxv", None)],
)
def test_letters_are_read_by_rule(word: str, symbols: str | None) -> None:
    assert read_letters(word) == symbols
