"""Word error rate."""

from pathlib import Path

import numpy as np
import pytest

from mythmeter.errors import ModelError
from mythmeter.quality.words import intelligibility
from mythmeter.voice.transcribe import Transcriber
from mythmeter.voice.wording import spoken_words, word_errors


class Parrot:
    """Stands in for Whisper: says what it was told for each sound, in turn."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    def transcribe(self, samples: np.ndarray) -> str:
        return self.texts.pop(0)


SILENCE = np.zeros(16000, np.float32)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Let us count it.", "let us count it"),
        ("It’s 25 % — no, 1,200!", "it's twenty five percent no one thousand two hundred"),
        ("one hundred and five", "one hundred five"),
        ("$5 well-known", "dollar five well known"),
    ],
)
def test_texts_are_compared_as_they_are_said(text: str, words: str) -> None:
    assert spoken_words(text) == words.split()


@pytest.mark.parametrize(
    ("wanted", "heard", "errors"),
    [("a b c", "a b c", 0), ("a b c", "a x c", 1), ("a b c", "a c", 1), ("a b", "a x b y", 2)]
    + [("a b c", "", 3)],
)
def test_errors_are_the_fewest_edits(wanted: str, heard: str, errors: int) -> None:
    assert word_errors(wanted.split(), heard.split()) == errors


def test_the_rate_is_per_word_of_the_script_and_has_its_control() -> None:
    parrot = Parrot("let us count", "let us count it")
    metric, text = intelligibility(parrot, "en", "Let us count it.", SILENCE, SILENCE)
    assert metric.value == 0.25
    assert metric.controls == {"before_encoding": 0.0}
    assert metric.n == 4
    assert text == "let us count"


def test_other_languages_are_not_scored_by_an_english_model() -> None:
    metric, text = intelligibility(Parrot(), "fr", "Bonjour.", SILENCE, SILENCE)
    assert metric.value is None
    assert "English only" in str(metric.reason)
    assert text is None


def test_an_archive_without_a_model_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "whisper.zip").write_bytes(b"no archive")
    with pytest.raises(ModelError, match="does not hold a Whisper model"):
        Transcriber(tmp_path / "whisper.zip")
