"""Kokoro-82M in ONNX Runtime: text and a style vector to speech with exact phoneme times.

Model: hexgrad, Kokoro-82M (Apache-2.0), after StyleTTS 2 (Li et al., NeurIPS 2023). A style is 256
numbers: 0–127 timbre for the decoder, 128–255 prosody for the predictor of durations and pitch.
A stock voice has 510 of them, one for each number of phonemes in the sentence.
"""

import json
import tarfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ModelError, SpeechError
from mythmeter.media.audio import Samples
from mythmeter.voice.languages import check_language
from mythmeter.voice.phonemes import EnglishPronouncer, Pronunciation
from mythmeter.voice.sentences import split_sentences
from mythmeter.voice.speech import Sentence, Speech, join, shift
from mythmeter.voice.voices.kokoro_graph import DURATIONS, PITCH_HZ, load_graph, start_session
from mythmeter.voice.voices.kokoro_timing import RATE_HZ, Utterance, time_words, to_symbols

STYLE_ROWS = 510
STYLE_VALUES = 256
TIMBRE_VALUES = 128

MAX_SYMBOLS = 400
"""Symbols spoken at once. The model takes 510; its authors find that it rushes above 400."""

KEEP_BEFORE_S = 0.09
KEEP_AFTER_S = 0.12
"""Sound kept before the first and after the last phoneme of a sentence."""

Style = NDArray[np.float32]


class Kokoro:
    """The synthesiser; loading takes about two seconds and 0.4 GB.

    Args:
        model: the asset `kokoro`.
        voices: the asset `kokoro_voices`.
        threads: cores that a synthesis uses.

    Raises:
        ModelError: a file is not what config/models.yaml pins.
    """

    rate_hz = RATE_HZ

    def __init__(self, model: Path, voices: Path, threads: int = 1) -> None:
        self._session = start_session(load_graph(model), threads)
        self._voices = voices
        self._pronouncers: dict[bool, EnglishPronouncer] = {}

    @cached_property
    def vocabulary(self) -> Mapping[str, int]:
        """Symbol -> token id."""
        file = resources.files(__package__) / "kokoro_vocabulary.json"
        table: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
        return table

    @cached_property
    def _stock(self) -> Mapping[str, Style]:
        return read_stock_voices(self._voices)

    def stock_voices(self) -> tuple[str, ...]:
        """Names of the stock voices: `af_heart` is American, female; `bm_george` British, male."""
        return tuple(sorted(self._stock))

    def style(self, name: str) -> Style:
        """Return a stock voice, (510, 256).

        Raises:
            SpeechError: no stock voice has this name.
        """
        if name not in self._stock:
            known = ", ".join(self.stock_voices())
            raise SpeechError(f"There is no stock voice {name!r}. Known ones: {known}.")
        return self._stock[name]

    def blend(self, weights: Mapping[str, float]) -> Style:
        """Return the weighted mean of stock voices, (510, 256); weights need not sum to 1.

        Raises:
            SpeechError: an unknown voice, a negative weight, or nothing to blend.
        """
        total = sum(weights.values())
        if total <= 0 or min(weights.values()) < 0:
            raise SpeechError(f"The weights of a blend must be positive, not {dict(weights)}.")
        mixed = sum(self.style(name) * (weight / total) for name, weight in weights.items())
        return np.asarray(mixed, dtype=np.float32)

    def synthesise(
        self,
        text: str,
        style: Style,
        speed: float = 1.0,
        pitch: float = 1.0,
        *,
        language: str = "en",
        pause_s: float = 0.3,
    ) -> Speech:
        """Speak a text, sentence by sentence, with `pause_s` of silence between sentences.

        Args:
            text: one or more sentences.
            style: (256,), or (510, 256) of which the row of the sentence's length is taken.
            speed: 1 is the voice's own pace, 2 twice as fast.
            pitch: factor on the fundamental frequency.
            language: a key of SUPPORTED_LANGUAGES["kokoro"].
            pause_s: silence between sentences.

        Raises:
            SpeechError: an empty text, an unsupported language, or nothing that can be said.
        """
        parts = [
            self.speak(words, style, speed, pitch)
            for words in self.pronounce(text, language)
            if any(word.sounds for word in words)
        ]
        if not parts:
            raise SpeechError(f"Nothing in {text.strip()!r} can be spoken: it has no words.")
        return join(parts, pause_s=pause_s)

    def pronounce(self, text: str, language: str = "en") -> list[list[Pronunciation]]:
        """Return the pronounced words of each sentence; long sentences are cut at a pause."""
        return [
            part
            for sentence in split_sentences(text)
            for part in _cut(self.pronounce_piece(sentence, language))
        ]

    def pronounce_piece(self, text: str, language: str = "en") -> list[Pronunciation]:
        """Return the pronounced words of one sentence or part of one, uncut."""
        check_language("kokoro", language)
        british = language.lower() == "en-gb"
        if british not in self._pronouncers:
            self._pronouncers[british] = EnglishPronouncer(british)
        return self._pronouncers[british].pronounce(text)

    def speak(
        self, words: Sequence[Pronunciation], style: Style, speed: float = 1.0, pitch: float = 1.0
    ) -> Speech:
        """Speak the words of one sentence; silence around them is trimmed."""
        symbols, owners = to_symbols(words, self.vocabulary)
        utterance = self.run(symbols, style, speed, pitch)
        return _trimmed(utterance.samples, time_words(words, symbols, owners, utterance))

    def run(self, symbols: str, style: Style, speed: float = 1.0, pitch: float = 1.0) -> Utterance:
        """Run the graph once; see `feed`."""
        samples, units, pitch_hz = self._session.run(
            ["audio", DURATIONS, PITCH_HZ], self.feed(symbols, style, speed, pitch)
        )
        return Utterance(samples.ravel(), units.ravel().astype(np.int64), pitch_hz.ravel())

    def feed(
        self, symbols: str, style: Style, speed: float = 1.0, pitch: float = 1.0
    ) -> dict[str, NDArray]:
        """Return the graph's inputs for at most 510 symbols of the vocabulary.

        Raises:
            SpeechError: no symbols, or more than the model takes.
        """
        if not 0 < len(symbols) <= STYLE_ROWS:
            raise SpeechError(
                f"Kokoro speaks 1 to {STYLE_ROWS} symbols at once, not {len(symbols)}."
            )
        row = style if style.ndim == 1 else style[len(symbols) - 1]
        tokens = [0, *(self.vocabulary[symbol] for symbol in symbols), 0]
        return {
            "tokens": np.array([tokens], dtype=np.int64),
            "style": row.astype(np.float32).reshape(1, STYLE_VALUES),
            "speed": np.array([speed], dtype=np.float32),
            "pitch": np.array([pitch], dtype=np.float32),
        }


def read_stock_voices(package: Path) -> dict[str, Style]:
    """Read every stock voice of the npm package kokoro-js; return (510, 256) arrays by name.

    Raises:
        ModelError: the package cannot be read or holds no voices.
    """
    voices: dict[str, Style] = {}
    try:
        with tarfile.open(package) as tar:
            for member in tar:
                path = Path(member.name)
                file = tar.extractfile(member)
                if path.match("package/voices/*.bin") and file is not None:
                    table = np.frombuffer(file.read(), dtype="<f4")
                    voices[path.stem] = table.reshape(STYLE_ROWS, STYLE_VALUES)
    except (OSError, tarfile.TarError, ValueError) as error:
        raise ModelError(f"{package}: stock voices cannot be read ({error}).") from error
    if not voices:
        raise ModelError(f"{package} holds no stock voices (package/voices/*.bin).")
    return voices


def _trimmed(samples: Samples, sentence: Sentence) -> Speech:
    """Cut the near silence around a sentence, so that pauses are as long as asked for."""
    first = max(0, round((sentence.start_s - KEEP_BEFORE_S) * RATE_HZ))
    last = min(len(samples), round((sentence.end_s + KEEP_AFTER_S) * RATE_HZ))
    return Speech(samples[first:last], RATE_HZ, shift([sentence], -first / RATE_HZ))


def _cut(words: list[Pronunciation]) -> list[list[Pronunciation]]:
    """Cut a sentence of more than MAX_SYMBOLS symbols, after the latest comma or the like."""
    parts: list[list[Pronunciation]] = []
    while sum(len(word.symbols) + 1 for word in words) > MAX_SYMBOLS:
        lengths = np.cumsum([len(word.symbols) + 1 for word in words])
        fitting = int(np.searchsorted(lengths, MAX_SYMBOLS, side="right"))
        if fitting == 0:
            raise SpeechError(f"{words[0].text!r} is too long a word to be spoken.")
        pauses = [i + 1 for i in range(fitting // 2, fitting) if words[i].symbols[-1:] in ",;:—…"]
        end = pauses[-1] if pauses and words[pauses[-1] - 1].symbols else fitting
        parts.append(words[:end])
        words = words[end:]
    return [*parts, words] if words else parts
