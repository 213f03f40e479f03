"""Words and phonemes are found where a synthesiser that knows says that they are."""

from dataclasses import replace

import numpy as np

from mythmeter.voice.alignment import Aligner
from mythmeter.voice.speech import Phoneme, Sentence, Speech


def without_times(speech: Speech, text: str | None = None) -> Speech:
    (sentence,) = speech.sentences
    return replace(speech, sentences=(Sentence(text or sentence.text, 0.0, speech.duration_s, ()),))


def middle_s(phoneme: Phoneme) -> float:
    return (phoneme.start_s + phoneme.end_s) / 2


def test_english_words_and_lip_sounds_are_where_the_synthesiser_put_them(
    good_take: Speech, aligner: Aligner
) -> None:
    found = aligner.align(without_times(good_take), "en")
    assert [word.text for word in found.words] == [word.text for word in good_take.words]
    starts_s = np.array(
        [[w.start_s, t.start_s] for w, t in zip(found.words, good_take.words, strict=True)]
    )
    assert np.median(np.abs(np.diff(starts_s))) < 0.07
    assert np.abs(np.diff(starts_s)).max() < 0.3
    symbols = [phoneme.symbol for phoneme in found.phonemes]
    assert symbols == [phoneme.symbol for phoneme in good_take.phonemes]
    errors_s = [
        abs(middle_s(ours) - middle_s(theirs))
        for ours, theirs in zip(found.phonemes, good_take.phonemes, strict=True)
    ]
    assert np.median(errors_s) < 0.07
    for word in found.words:
        assert 0 <= word.start_s <= word.phonemes[0].start_s
        assert word.phonemes[-1].end_s <= word.end_s + 1e-6 <= good_take.duration_s + 1e-6


def test_other_languages_get_words_in_order_without_phonemes(
    good_take: Speech, aligner: Aligner
) -> None:
    text = "Le port était calme ce matin."
    found = aligner.align(without_times(good_take, text), "fr")
    assert [word.text for word in found.words] == text.split()
    assert found.phonemes == ()
    edges_s = [time_s for word in found.words for time_s in (word.start_s, word.end_s)]
    assert edges_s == sorted(edges_s) and edges_s[-1] <= good_take.duration_s
    lengths_s = {word.text: word.end_s - word.start_s for word in found.words}
    assert lengths_s["calme"] > lengths_s["Le"]
