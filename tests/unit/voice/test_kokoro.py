"""Kokoro speaks what is written, and says exactly when."""

from pathlib import Path

import numpy as np
import pytest

from mythmeter.errors import ModelError, SpeechError
from mythmeter.voice.phonemes import IPA_SYMBOLS
from mythmeter.voice.speech import Speech
from mythmeter.voice.voices.kokoro import Kokoro, read_stock_voices
from mythmeter.voice.voices.kokoro_graph import load_graph
from mythmeter.voice.voices.kokoro_timing import UNIT_SAMPLES


def test_every_word_of_the_script_is_spoken_in_order(spoken: Speech, script: str) -> None:
    assert [word.text for word in spoken.words] == script.split()
    assert all(word.phonemes for word in spoken.words)


def test_abbreviations_do_not_end_sentences(spoken: Speech) -> None:
    assert [sentence.text for sentence in spoken.sentences] == [
        "Dr. Smith paid $5.50, e.g. for 12 apples.",
        "Was that all?",
        "Yes, it was.",
    ]


def test_numbers_are_spoken_as_words(spoken: Speech) -> None:
    price = next(word for word in spoken.words if word.text == "$5.50,")
    said = "".join(phoneme.symbol for phoneme in price.phonemes)
    assert said.startswith("faɪvdɑləɹz") and said.endswith("sɛnts")


def test_times_never_run_backwards_and_end_within_the_sound(spoken: Speech) -> None:
    edges = [t for p in spoken.phonemes for t in (p.start_s, p.end_s)]
    assert edges == sorted(edges)
    assert edges[0] > 0 and edges[-1] < spoken.duration_s
    assert all(phoneme.end_s > phoneme.start_s for phoneme in spoken.phonemes)
    for word in spoken.words:
        assert (word.start_s, word.end_s) == (word.phonemes[0].start_s, word.phonemes[-1].end_s)


def test_an_utterance_is_as_long_as_its_durations(kokoro: Kokoro) -> None:
    utterance = kokoro.run("hˈI ðˈɛɹ", kokoro.style("af_heart"))
    assert len(utterance.samples) == utterance.units.sum() * UNIT_SAMPLES


def test_vowels_are_loud_and_pauses_silent_where_the_times_say(spoken: Speech) -> None:
    def level(start_s: float, end_s: float) -> float:
        piece = spoken.samples[int(start_s * spoken.rate_hz) : int(end_s * spoken.rate_hz)]
        return float(np.sqrt(np.mean(piece**2)))

    vowels = [
        level(p.start_s, p.end_s) for p in spoken.phonemes if p.symbol in ("ɑ", "aɪ", "æ", "ɔ")
    ]
    pauses = [
        level(one.end_s, other.start_s)
        for one, other in zip(spoken.sentences, spoken.sentences[1:], strict=False)
    ]
    assert np.median(vowels) > 30 * np.median(pauses), (vowels, pauses)
    assert min(vowels) > 2 * max(pauses), (vowels, pauses)


def test_symbols_are_the_documented_ones(spoken: Speech) -> None:
    assert {phoneme.symbol for phoneme in spoken.phonemes} <= set(IPA_SYMBOLS)


def test_the_same_input_gives_the_same_samples(kokoro: Kokoro) -> None:
    style = kokoro.style("bm_george")
    one, other = (kokoro.synthesise("Once more.", style).samples for _ in range(2))
    assert np.array_equal(one, other)


def test_speed_and_pitch_do_what_they_say(kokoro: Kokoro) -> None:
    from mythmeter.voice.pitch import median_pitch_hz

    style = kokoro.style("am_michael")
    text = "Nine men were moving along a lane."
    plain = kokoro.synthesise(text, style)
    fast = kokoro.synthesise(text, style, speed=1.5)
    high = kokoro.synthesise(text, style, pitch=1.3)
    assert 0.6 < fast.duration_s / plain.duration_s < 0.8
    assert len(high.samples) == len(plain.samples)
    ratio = median_pitch_hz(high.samples, 24000) / median_pitch_hz(plain.samples, 24000)
    assert ratio == pytest.approx(1.3, abs=0.06)


def test_a_blend_is_none_of_its_parts(kokoro: Kokoro) -> None:
    blend = kokoro.blend({"af_heart": 2.0, "bf_emma": 1.0})
    parts = [kokoro.style(name) for name in ("af_heart", "bf_emma")]
    assert blend.shape == parts[0].shape == (510, 256)
    np.testing.assert_allclose(blend, (2 * parts[0] + parts[1]) / 3, atol=1e-6)
    apart = np.linalg.norm(parts[0][63] - parts[1][63])
    assert all(np.linalg.norm(blend[63] - part[63]) > 0.3 * apart for part in parts)


def test_unknown_voices_and_empty_blends_are_refused(kokoro: Kokoro) -> None:
    with pytest.raises(SpeechError, match="no stock voice 'af_nobody'"):
        kokoro.style("af_nobody")
    with pytest.raises(SpeechError, match="must be positive"):
        kokoro.blend({"af_heart": 0.0})


def test_a_long_sentence_is_cut_at_a_pause(kokoro: Kokoro) -> None:
    sentence = ", ".join(["all the boats in the harbour had left by the morning"] * 12) + "."
    parts = kokoro.pronounce(sentence)
    assert len(parts) > 1
    assert [word.text for part in parts for word in part] == sentence.split()
    assert all(part[-1].text.endswith((",", ".")) for part in parts)
    assert all(sum(len(word.symbols) + 1 for word in part) <= 401 for part in parts)


@pytest.mark.parametrize(
    ("text", "language", "message"),
    [
        ("   \n ", "en", "script is empty"),
        ("🙂 — …", "en", "has no words"),
        ("Guten Tag.", "de", "language 'de' is not spoken"),
        ("Hello 東京.", "en", "'東京.' cannot be pronounced"),
    ],
)
def test_what_cannot_be_spoken_is_said(
    kokoro: Kokoro, text: str, language: str, message: str
) -> None:
    with pytest.raises(SpeechError, match=message):
        kokoro.synthesise(text, kokoro.style("af_heart"), language=language)


def test_a_wrong_or_missing_model_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing\.onnx is missing"):
        load_graph(tmp_path / "nothing.onnx")
    (tmp_path / "text.onnx").write_text("not a model")
    with pytest.raises(ModelError, match=r"text\.onnx"):
        load_graph(tmp_path / "text.onnx")
    (tmp_path / "voices.tgz").write_text("not a tar")
    with pytest.raises(ModelError, match="stock voices cannot be read"):
        read_stock_voices(tmp_path / "voices.tgz")
