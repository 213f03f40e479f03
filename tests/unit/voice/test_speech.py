"""Times stay with their sound when speech is joined."""

import numpy as np
import pytest

from mythmeter.errors import ConfigError, SpeechError
from mythmeter.voice.assets import enrolment_assets
from mythmeter.voice.languages import check_language
from mythmeter.voice.sentences import split_sentences
from mythmeter.voice.speech import Phoneme, Sentence, Speech, Word, join


def one_word(rate_hz: int = 100) -> Speech:
    word = Word("ah", 0.1, 0.3, (Phoneme("ɑ", 0.1, 0.3),))
    samples = np.ones(50, dtype=np.float32)
    return Speech(samples, rate_hz, (Sentence("ah", 0.1, 0.3, (word,)),))


def test_joined_parts_are_shifted_by_what_comes_before_them() -> None:
    speech = join([one_word(), one_word()], pause_s=0.2, lead_s=0.3, tail_s=0.4)
    assert speech.duration_s == pytest.approx(0.3 + 0.5 + 0.2 + 0.5 + 0.4)
    assert [p.start_s for p in speech.phonemes] == pytest.approx([0.4, 1.1])
    assert [s.end_s for s in speech.sentences] == pytest.approx([0.6, 1.3])
    assert not speech.samples[:30].any() and not speech.samples[80:100].any()


def test_parts_of_different_rates_are_not_joined() -> None:
    with pytest.raises(ValueError, match="one sample rate"):
        join([one_word(100), one_word(200)], pause_s=0.0)


def test_sentences_keep_every_word() -> None:
    script = "Mr. Day came at 3.30 p.m. on Monday.\nHe left\n\nNo full stop here\n\nv1.2.3 is out!"
    sentences = split_sentences(script)
    assert " ".join(sentences).split() == script.split()
    assert sentences[-1] == "v1.2.3 is out!" and "No full stop here" in sentences


def test_an_empty_script_is_refused() -> None:
    with pytest.raises(SpeechError, match="empty"):
        split_sentences(" \n\n ")


def test_languages_and_synthesisers_are_named_when_unknown() -> None:
    check_language("kokoro", "en-GB")
    with pytest.raises(SpeechError, match=r"'fr' is not spoken.*en-gb"):
        check_language("kokoro", "fr")
    with pytest.raises(ConfigError, match=r"no synthesiser 'festival'. Known ones: .*kokoro"):
        enrolment_assets("festival")
